using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BeerTap.Server.Tests.Live;

/// <summary>What an <c>EventSource</c> meets where other clients are refused for now.</summary>
public sealed class PutOffTests
{
    private const string Page = "https://bar.example";

    /// <summary>Every refusal that may pass: what it is, and the reason that the listener hears.</summary>
    private static readonly Dictionary<string, (Problem Problem, string Reason)> Passing = new()
    {
        ["draining"] = (Refusals.Draining(), "draining"),
        ["too-many-connections"] = (Refusals.TooManyConnections(), "tooManyConnections"),
        ["too-many-requests"] = (Refusals.TooManyRequests(1), "tooManyRequests"),
        ["not-there-yet"] = (Refusals.NotThereYet(), "notReady"),
        ["not-caught-up"] = (Refusals.NotCaughtUp(), "notReady"),
        ["store-unavailable"] = (Refusals.StoreUnavailable(StoreFault.Unavailable), "notReady"),
        ["hub-fault"] = (Refusals.HubFault(), "notReady"),
        ["status-504"] = (Refusals.ForStatus(504), "notReady"),
    };

    public static TheoryData<string> PassingTypes => [.. Passing.Keys];

    public static TheoryData<string> LastingTypes => ["no-key", "bad-key", "not-allowed", "origin-not-allowed", "invalid-fields"];

    [Theory, MemberData(nameof(PassingTypes))]
    public async Task ARefusalThatMayPassMakesAnEventSourceReconnect(string type)
    {
        await using var refusing = await RefusingAsync(Passing[type].Problem);
        using var http = new HttpClient { BaseAddress = new Uri(refusing.Urls.Single()) };
        using var answer = await AskAsync(http, "/api/events/stream");
        var (retry, closing, text) = await PutOffAsync(answer);
        Assert.Equal(Passing[type].Reason, (string?)closing["reason"]);
        Assert.InRange(retry, 2_000, 2_999);
        Assert.Contains($": urn:beertap:problem:{type}", text, StringComparison.Ordinal);
        Assert.DoesNotContain("id:", text, StringComparison.Ordinal);

        // What is no EventSource hears the problem.
        using var other = await http.GetAsync(new Uri("/api/events/stream", UriKind.Relative));
        Assert.Equal((Passing[type].Problem.Status, type), ((int)other.StatusCode, await other.ProblemAsync()));
    }

    [Theory, MemberData(nameof(LastingTypes))]
    public async Task ARefusalThatLastsKeepsItsStatus(string type)
    {
        var problem = type switch
        {
            "no-key" => Refusals.NoKey(),
            "bad-key" => Refusals.BadKey("unknown"),
            "not-allowed" => Refusals.NotAllowed("no"),
            "origin-not-allowed" => Refusals.OriginNotAllowed(),
            _ => Refusals.InvalidField("after", "must be a position."),
        };
        await using var refusing = await RefusingAsync(problem);
        using var http = new HttpClient { BaseAddress = new Uri(refusing.Urls.Single()) };
        using var answer = await AskAsync(http, "/api/events/stream");
        Assert.Equal((problem.Status, type), ((int)answer.StatusCode, await answer.ProblemAsync()));
    }

    [Theory]
    [InlineData("GET", "/api/events/stream", "text/event-stream;q=0, application/json")]
    [InlineData("GET", "/api/events/stream", "*/*")]
    [InlineData("GET", "/api/events", "text/event-stream")]
    [InlineData("POST", "/api/events/stream", "text/event-stream")]
    [InlineData("GET", "/hubs/taps", "text/event-stream")]
    public async Task OnlyAnEventSourceIsPutOff(string method, string path, string accept)
    {
        await using var refusing = await RefusingAsync(Refusals.Draining());
        using var http = new HttpClient { BaseAddress = new Uri(refusing.Urls.Single()) };
        using var answer = await AskAsync(http, path, accept, method);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Theory]
    [InlineData("/api/events/stream", "text/event-stream")]
    [InlineData("/API/Events/Stream/", "text/event-stream")]
    [InlineData("/api/events/stream?tapId=3&after=earliest", "Text/Event-Stream, */*;q=0.1")]
    public async Task ADrainingHubPutsOffEventSourcesEachForATimeOfItsOwn(string path, string accept)
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:DrainSpread=00:00:10");
        await hub.Services.GetRequiredService<Feed>().DrainAsync();
        var moments = new HashSet<int>();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await AskAsync(hub.Http, path, accept);
            var (retry, closing, _) = await PutOffAsync(answer);
            Assert.Equal("draining", (string?)closing["reason"]);
            moments.Add(retry);
        }

        Assert.True(moments.Count > 3, $"20 listeners were told {moments.Count} different times");
        Assert.InRange(moments.Min(), 1_000, 12_000);
    }

    [Theory]
    [InlineData("--Limits:Connections=1")]
    [InlineData("--Limits:ConnectionsPerAddress=1")]
    public async Task OneListenerTooManyIsPutOffAndLetInLater(string limit)
    {
        await using var hub = await HubUnderTest.StartAsync(limit);
        var first = await Listener.ConnectAsync("websocket", hub);
        var heard = new ConcurrentQueue<string>();
        using var stop = new CancellationTokenSource();
        var source = new EventSourceClient(hub.Http, new Uri(hub.Address, "/api/events/stream"), heard.Enqueue);
        var running = source.RunAsync(stop.Token);
        await Until.IsSoAsync(() => Task.FromResult(heard.Any(data => data.Contains("tooManyConnections", StringComparison.Ordinal))), "it is put off", Listener.Patience, default);
        await first.DisposeAsync();
        await Until.IsSoAsync(() => Task.FromResult(heard.Any(data => data.Contains("welcome", StringComparison.Ordinal))), "it is let in", Listener.Patience, default);
        Assert.Null(source.Failed);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task AnEventSourceThatCallsTooOftenIsPutOffAndAPageOfAnotherOriginMayReadThat()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:RequestsPerAddress=2", $"--Security:Origins:0={Page}");
        var reasons = new List<string?>();
        for (var i = 0; i < 20 && !reasons.Contains("tooManyRequests"); i++)
        {
            using var answer = await AskAsync(hub.Http, "/api/events/stream", origin: Page);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal([Page], answer.Headers.GetValues("Access-Control-Allow-Origin"));
            if (answer.Content.Headers.ContentLength is not null)
            {
                reasons.Add((string?)(await PutOffAsync(answer)).Closing["reason"]);
            }
        }

        Assert.Contains("tooManyRequests", reasons);
    }

    [Fact]
    public async Task AnEventSourceWhoseKeyCallsTooOftenIsPutOff()
    {
        var (hub, key) = await Keyed.StartAsync("--Limits:RequestsPerKey=1");
        await using var _ = hub;
        await Keyed.UntilAsync(async () =>
        {
            using var answer = await AskAsync(hub.Http, $"/api/events/stream?access_token={key}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            return answer.Content.Headers.ContentLength is not null && (string?)(await PutOffAsync(answer)).Closing["reason"] == "tooManyRequests";
        });
    }

    [Fact]
    public async Task AWelcomeEndsTheLongRetryOfAnEarlierDrain()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync($"GET /api/events/stream HTTP/1.1\r\nHost: {hub.Address.Authority}\r\nAccept: text/event-stream\r\n\r\n");
        var head = await client.HearAsync("event: welcome");
        Assert.Matches(@"retry: [1-4]\d\d\d\n", head);
    }

    [Fact]
    public async Task EventSourcesComeBackAfterARestartWhoseDrainTheyFallInto()
    {
        const int Sources = 20;
        await using var hub = new HubProcess("--Live:DrainSpread=00:00:02", "--Live:DrainTimeout=00:00:03");
        await hub.StartAsync();

        // A listener that does not close its side makes the drain last as long as the longest retry: all come back into it.
        using var stuck = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await stuck.SayAsync(
            $"GET /sockets/beers HTTP/1.1\r\nHost: {hub.Address.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: beertap.v1\r\n\r\n");
        await stuck.HearAsync("welcome");
        using var http = new HttpClient(new SocketsHttpHandler()) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = hub.Address };
        using var stop = new CancellationTokenSource();
        var heard = Enumerable.Range(0, Sources).Select(_ => new ConcurrentQueue<string>()).ToList();
        var sources = heard.ConvertAll(queue => new EventSourceClient(http, new Uri(hub.Address, "/api/events/stream"), queue.Enqueue));
        var running = sources.ConvertAll(source => source.RunAsync(stop.Token));
        await AllHearAsync(heard, "welcome", 1);
        Assert.Equal(0, await hub.StopAsync());
        await hub.StartAsync();
        await AllHearAsync(heard, "welcome", 2, sources);
        Assert.All(sources, source => Assert.Null(source.Failed));
        await stop.CancelAsync();
        await Task.WhenAll(running);
    }

    private static async Task AllHearAsync(List<ConcurrentQueue<string>> heard, string word, int times, List<EventSourceClient>? sources = null) => await Until.IsSoAsync(
        () => Task.FromResult(
            (sources?.Exists(source => source.Failed is not null) ?? false)
            || heard.TrueForAll(queue => queue.Count(data => data.Contains($"\"{word}\"", StringComparison.Ordinal)) >= times)),
        $"all hear {word} {times} times",
        TimeSpan.FromSeconds(40),
        default);

    private static async Task<HttpResponseMessage> AskAsync(HttpClient http, string path, string accept = "text/event-stream", string method = "GET", string? origin = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Checks that an answer is a stream that ends with <c>closing</c>, and gives what it says.</summary>
    private static async Task<(int Retry, JsonObject Closing, string Text)> PutOffAsync(HttpResponseMessage answer)
    {
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.True(answer.Headers.CacheControl?.NoStore);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        var fields = text.Split('\n').Where(line => line.Contains(": ", StringComparison.Ordinal) && line[0] != ':').ToDictionary(line => line[..line.IndexOf(':', StringComparison.Ordinal)], line => line[(line.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        var closing = JsonNode.Parse(fields["data"])!.AsObject();
        Assert.Equal(("closing", "closing"), (fields["event"], (string?)closing["event"]));
        var retry = int.Parse(fields["retry"], CultureInfo.InvariantCulture);
        Assert.Equal(retry, (int)closing["retryAfterMs"]!);
        return (retry, closing, text);
    }

    /// <summary>A server that refuses everything for one reason.</summary>
    private static async Task<WebApplication> RefusingAsync(Problem problem)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(http => new RefusalResult(problem, retryAfter: 2).ExecuteAsync(http));
        await app.StartAsync();
        return app;
    }
}
