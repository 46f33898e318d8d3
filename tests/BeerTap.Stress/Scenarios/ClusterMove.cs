using System.CommandLine;
using System.Diagnostics;
using System.Net;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// A hub gives way to a new one on another port while listeners listen and taps pour: the new one starts from a backup and catches up with the log, the
/// old one is told to drain and to send everybody there. On the way: what hubs tell each other of keys and of who is connected.
/// </summary>
internal sealed class ClusterMove : Scenario
{
    private const int LongerThanAdvisedMs = 1_000;

    /// <summary>What a hub may take to hear of another's taps.</summary>
    private static readonly TimeSpan Presence = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Revocation = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(60);

    /// <summary>A stream that is let go of is cut, not read to its end, which never comes.</summary>
    private static readonly HttpClient Streams = new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero });

    private readonly Option<int> _brokers, _listeners, _rate, _pours, _moves;

    public ClusterMove()
        : base("cluster-move", "a hub is moved without anyone noticing: nothing lost, nothing doubled, nobody away for longer than advised")
    {
        _brokers = Number("--brokers", "How many brokers keep the log: 1 or 3", 1);
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 500);
        _rate = Number("--rate", "Pours a second", 100);
        _pours = Number("--pours", "How many pours there are before", 5_000);
        _moves = Number("--moves", "How often the hub is moved, one move after the other", 1);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var brokers = await Brokers.StartAsync(options.Of(_brokers));
        await using var hubs = new Hubs();
        var hub = hubs.Add(brokers.ConnectionString);
        await hub.StartAsync();
        var key = await StoreCommand.OperatorKeyAsync(hub.Folder, cancel);
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book) { Key = key };
        await pourers.FillAsync(options.Of(_pours), cancel);
        await using var listeners = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        listeners.All.ForEach(listener => listener.ComesBack = listener.Follows = true);
        await listeners.ConnectAsync(() => null, cancel);
        pourers.Start(options.Of(_rate));
        await Memory.WatchAsync(hub, TimeSpan.FromSeconds(1), cancel);

        for (var move = 0; move < options.Of(_moves); move++)
        {
            var next = await FollowerAsync(hubs, brokers, hub, key, verdict, cancel);
            await CheckPresenceAsync(hub.Address, next.Address, key, verdict, cancel);
            await CheckKeysAsync(hub.Address, next.Address, key, verdict, cancel);
            await MoveAsync(hub, next, key, listeners, pourers, verdict, cancel);
            hub = next;
        }

        await Memory.WatchAsync(hub, TimeSpan.FromSeconds(1), cancel);
        await pourers.StopAsync(cancel);
        using var http = new HttpClient { BaseAddress = hub.Address };
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours, {head:N0} positions, each pour once ({pourers.Repeated} were sent again){(fault is null ? "" : ": " + fault)}");
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
    }

    /// <summary>A hub that holds all that another one does, from its backup and the log. It does not refuse a key that is good at any moment.</summary>
    private static async Task<HubProcess> FollowerAsync(Hubs hubs, Brokers brokers, HubProcess hub, string key, Verdict verdict, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        var folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
        var file = Path.Combine(hub.Folder, $"before-{Path.GetFileName(folder)}.beertap");
        await StoreCommand.BackupAsync(hub.Folder, file, cancel);
        await StoreCommand.RestoreAsync(file, folder, cancel);
        var next = hubs.Add(brokers.ConnectionString, folder: folder);
        var starting = next.StartAsync();
        using var asks = Keyed(next.Address, key);
        var (refused, putOff) = await AskUntilAsync(starting, asks, cancel);
        await starting;
        var known = await Until.AnswersAsync(asks, "/api/keys", cancel);
        verdict.Check(refused == 0 && putOff > 0 && known, $"the next hub refused the operator's key {refused} times and put it off {putOff} times until it was ready; then it {(known ? "took" : "did not take")} it");
        Verdict.Say($"the next hub is ready {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s after its backup was begun");
        return next;
    }

    /// <summary>Asks with a key until something is done: how often it was refused, and how often put off.</summary>
    private static async Task<(int Refused, int PutOff)> AskUntilAsync(Task done, HttpClient asks, CancellationToken cancel)
    {
        var (refused, putOff) = (0, 0);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!done.IsCompleted && await poll.WaitForNextTickAsync(cancel))
        {
            try
            {
                using var answer = await asks.GetAsync("/api/keys", cancel);
                if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) refused++;
                else if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) putOff++;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }

        return (refused, putOff);
    }

    /// <summary>A tap that is connected to one hub is so in the list of the other, and no longer once it went.</summary>
    private static async Task CheckPresenceAsync(Uri hub, Uri other, string key, Verdict verdict, CancellationToken cancel)
    {
        const int Tap = 4711;
        using var asks = Keyed(other, key);
        TimeSpan came;
        using (var stream = await StreamAsync(hub, $"tapId={Tap}", key, cancel))
        {
            came = await Until.IsSoAsync(() => IsConnectedAsync(asks, Tap, cancel), "the other hub shows the tap", Patience, cancel);
        }

        var went = await Until.IsSoAsync(async () => !await IsConnectedAsync(asks, Tap, cancel), "the other hub no longer shows the tap", Patience, cancel);
        verdict.Check(came < Presence && went < Presence, $"a tap's coming is known on the other hub after {came.TotalMilliseconds:0} ms, its going after {went.TotalMilliseconds:0} ms");
    }

    /// <summary>A key that one hub makes is good on the other, and its connection there ends soon after the first took it back.</summary>
    private static async Task CheckKeysAsync(Uri hub, Uri other, string key, Verdict verdict, CancellationToken cancel)
    {
        using var makes = Keyed(other, key);
        var (id, text) = await KeyRequests.MakeViewerAsync(makes, cancel);
        using var reads = Keyed(hub, text);
        var known = await Until.IsSoAsync(() => KeyRequests.IsGoodAsync(reads, cancel), "the other hub knows the key", Patience, cancel);
        using var stream = await StreamAsync(hub, "", text, cancel);
        var body = await stream.Content.ReadAsStreamAsync(cancel);
        var ended = body.CopyToAsync(Stream.Null, cancel);
        var began = Stopwatch.GetTimestamp();
        await KeyRequests.RevokeAsync(makes, id, cancel);
        await ended.WaitAsync(Patience, cancel);
        var took = Stopwatch.GetElapsedTime(began);
        verdict.Check(took < Revocation, $"a key is known on the other hub after {known.TotalMilliseconds:0} ms; its connection there ends {took.TotalMilliseconds:0} ms after it was revoked");
    }

    private static async Task MoveAsync(HubProcess hub, HubProcess next, string key, Listeners listeners, Pourers pourers, Verdict verdict, CancellationToken cancel)
    {
        var asked = Stopwatch.GetTimestamp();
        var ending = hub.EndedAsync();
        await StoreCommand.DrainAsync(hub.Address, next.Address, key, cancel);
        using var latecomer = await StreamAsync(hub.Address, "", key, cancel);
        var told = await latecomer.Content.ReadAsStringAsync(cancel);
        verdict.Check(told.Contains($"\"to\":\"{next.Address}\"", StringComparison.Ordinal), $"who comes to the old hub after the drain began is told to go to {next.Address}");

        // A pouring tap hears on its feed where to go.
        await Until.IsSoAsync(() => Task.FromResult(listeners.All[0].LostAt > asked), "the first listener is told to go", Patience, cancel);
        if (listeners.All[0].Heard.To is { } to) pourers.MoveTo(new Uri(to));
        var code = await ending.WaitAsync(Patience, cancel);
        verdict.Check(code == 0, $"the old hub ended with {code}");
        var back = await Listeners.UntilAsync(listeners.All, listener => listener.WelcomedAt > asked, Patience, cancel);
        verdict.Check(
            back == listeners.All.Count && listeners.All.TrueForAll(listener => listener.Hub.Port == next.Address.Port),
            $"{back} of {listeners.All.Count} listeners are at the new hub");
        var late = listeners.All.ConvertAll(listener => Stopwatch.GetElapsedTime(listener.LostAt, listener.WelcomedAt).TotalMilliseconds - (listener.LastAdvice ?? 0));
        verdict.Check(late.Max() <= LongerThanAdvisedMs, $"away for at most {late.Max():0} ms longer than advised, {late.Order().ElementAt(late.Count / 2):0} ms in the median");
    }

    private static async Task<bool> IsConnectedAsync(HttpClient http, int tap, CancellationToken cancel)
    {
        using var answer = await http.GetAsync($"/api/taps/{tap}", cancel);
        return answer.IsSuccessStatusCode && (await answer.Content.ReadAsStringAsync(cancel)).Contains("\"connected\":true", StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> StreamAsync(Uri hub, string query, string key, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(hub, $"/api/events/stream?{query}"));
        request.Headers.Add("X-Api-Key", key);
        var answer = await Streams.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        return answer.EnsureSuccessStatusCode();
    }

    private static HttpClient Keyed(Uri hub, string key)
    {
        var http = new HttpClient { BaseAddress = hub };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }
}
