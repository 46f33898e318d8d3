using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace BeerTap.Server.Tests.Hosting;

public sealed class HostingTests
{
    [Fact]
    public async Task AWrongConfigurationStopsTheStartWithEveryFaultListed()
    {
        var fault = await Assert.ThrowsAsync<SettingsException>(() => HubUnderTest.StartAsync(
            "--Storage:Provider=oracle", "--Reports:EveryBeers=0", "--Reports:Interval=soon", "--Live:RingEvents=many", "--Glasses:0:From=1", "--Glasses:0:To=2",
            "--Intake:Queue=5", "--Logging:Level=Loud", "--prot=80", "--Intake:MaxBatch=9", "--Intake:QueueCapacity=8"));

        Assert.Equal(9, fault.Faults.Count);
        Assert.All(
            ["Storage:Provider", "Reports:EveryBeers", "Reports:Interval", "Live:RingEvents", "Glasses:0", "Intake:Queue is", "Intake:MaxBatch", "Logging:Level", "--prot"],
            name => Assert.Single(fault.Faults, text => text.Contains(name, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--Storage:Path")]
    [InlineData("--Storage:Path", "--Logging:Level=Fatal")]
    [InlineData("--urls=nonsense")]
    [InlineData("--urls=http://localhost:99999")]
    [InlineData("--PORT=99999")]
    [InlineData("--HTTP_PORTS=abc")]
    [InlineData("--Glasses:0=foo")]
    [InlineData("--Glasses:0:Name=half", "--Glasses:0:From=100", "--Glasses:0:To=3oo")]
    [InlineData("--Glasses:0:Name=half", "--Glasses:0:From=100", "--Glasses:0:To=300", "--Glasses:1:Name=pint", "--Glasses:1:From=300", "--Glasses:1:To=8oo")]
    [InlineData("--Glasses:0:Name=half", "--Glasses:0:Form=100", "--Glasses:0:To=300")]
    [InlineData("--Reports:Interval=1")]
    [InlineData("--Logging:File=/proc/none/hub.log")]
    [InlineData("--Serilog:MinimumLevel:Default=Loud")]
    [InlineData("--Security:Origins=https://b\u00e4r.example")]
    [InlineData("--Security:Origins=https://bar.example/")]
    [InlineData("--Security:Origins=null")]
    [InlineData("--Security:Hosts=b\u00e4r.example")]
    [InlineData("--Security:Hosts=https://bar.example")]
    [InlineData("--Security:Hosts=bar.example:0")]
    [InlineData("--Security:Hosts=bar.example:https")]
    [InlineData("--Security:Hosts=bar.example/")]
    [InlineData("--Security:Hosts=*")]
    [InlineData("-x=1")]
    [InlineData("serve me")]
    public async Task WhatIsMistypedIsSaidBeforeAnythingIsOpened(params string[] args)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"beertap-never-{Guid.NewGuid():N}");
        string[] all = args[0] == "--Storage:Path" ? args : [$"--Storage:Path={folder}", .. args];
        Assert.NotEmpty((await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync(all))).Faults);
        Assert.False(Directory.Exists(folder));
    }

    [Theory]
    [InlineData("http://localhost:8338")]
    [InlineData("http://localhost:9000", "PORT=9000")]
    [InlineData("http://*:80;http://*:81", "HTTP_PORTS=80;81")]
    [InlineData("http://*:9000", "HTTP_PORTS=80", "PORT=9000")]
    [InlineData("http://bar:1", "urls=http://bar:1", "PORT=9000", "HTTP_PORTS=80")]
    [InlineData("http://localhost:8338", "urls=", "PORT=", "HTTP_PORTS=")]
    public void TheAddressIsTheOneThatWasSaidMostPlainly(string address, params string[] said)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(said.Select(one => KeyValuePair.Create(one.Split('=')[0], (string?)one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..])))
            .Build();
        Assert.Equal(address, Addresses.Of(configuration));
        Assert.Empty(Addresses.FaultsOf(address));
    }

    [Theory]
    [InlineData("--Security:Origins=https://b\u00e4r.example:8443", "'https://xn--br-via.example:8443'")]
    [InlineData("--Security:Hosts=b\u00e4r.example:8443", "'xn--br-via.example:8443'")]
    [InlineData("--Kestrel:Endpoints:Web:Url=nonsense", "Kestrel:Endpoints:Web:Url")]
    [InlineData("--HTTPS_PORTS=abc", "'https://*:abc'")]
    public async Task AValueThatWouldFailLaterIsRefusedAtTheStartWithWhatIsRight(string setting, string told)
    {
        var fault = await Assert.ThrowsAsync<SettingsException>(() => HubUnderTest.StartAsync(setting));
        Assert.Contains(told, Assert.Single(fault.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=carrier-pigeon")]
    public void AMistypedVariableOfOpenTelemetryIsAFault(params string[] said)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(said.Select(one => KeyValuePair.Create(one.Split('=')[0], (string?)one.Split('=')[1])))
            .Build();
        Assert.Single(new TelemetryOptions().FaultsOfVariables(configuration));
        Assert.Empty(new TelemetryOptions { Endpoint = "http://collector:4317" }.FaultsOfVariables(configuration));
    }

    [Fact]
    public async Task TwoHubsDoNotShareAFolder()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var fault = await Assert.ThrowsAsync<StoreException>(() => Program.BuildAsync([$"--Storage:Path={hub.Folder}", "--Logging:Level=Fatal"]));
        Assert.Contains("held by another hub", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARequestIdIsTakenOrMadeAndReturned()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Equal("bar-7.order_9", await RequestIdFor("bar-7.order_9"));
        Assert.Matches("^[0-9a-f]{32}$", await RequestIdFor("forged id"));
        Assert.Matches("^[0-9a-f]{32}$", await RequestIdFor(new string('x', 65)));
        Assert.Matches("^[0-9a-f]{32}$", await RequestIdFor(null));

        async Task<string> RequestIdFor(string? sent)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/beers");
            if (sent is not null) request.Headers.Add("X-Request-ID", sent);
            using var answer = await hub.Http.SendAsync(request);
            return answer.Headers.GetValues("X-Request-ID").Single();
        }
    }

    [Fact]
    public async Task TheLogTellsTheStoryOfTheBarWithTheRequestIdInEveryLine()
    {
        var file = Path.Combine(Path.GetTempPath(), $"beertap-log-{Guid.NewGuid():N}.json");
        try
        {
            await using (var hub = await HubUnderTest.StartAsync("--Logging:Level=Information", "--Logging:Format=json", $"--Logging:File={file}"))
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = """{"tapId":1,"volume":500}""".AsJson() };
                request.Headers.Add("X-Request-ID", "story-1");
                using var answer = await hub.Http.SendAsync(request);
            }

            var written = Directory.GetFiles(Path.GetTempPath(), Path.GetFileNameWithoutExtension(file) + "*").Single();
            var lines = (await File.ReadAllLinesAsync(written)).Select(line => JsonNode.Parse(line)!).ToList();
            var story = lines.Where(line => (string?)line["Properties"]?["RequestId"] == "story-1").Select(line => (string?)line["RenderedMessage"]).ToList();
            Assert.Equal(2, story.Count);
            Assert.Equal("Tap 1 poured a \"pint\" (500 ml), beer 1", story[0]);
            Assert.StartsWith("\"POST\" \"/api/beers\" 201 in ", story[1], StringComparison.Ordinal);
            File.Delete(written);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void LogEventIdsAreUnique()
    {
        var events = typeof(Program).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()?.EventId)
            .OfType<int>()
            .ToList();
        Assert.True(events.Count > 15);
        Assert.Equal(events.Count, events.Distinct().Count());
    }

    [Fact]
    public async Task EveryCallIsDescribedWithAnExampleThatTheHubItselfWouldGive()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var paths = (await hub.GetAsync("/openapi/v1.json"))["paths"]!.AsObject();
        Assert.Equal(
            ["/api/beers", "/api/beers/batch", "/api/beers/{id}", "/api/drain", "/api/events", "/api/events/stream", "/api/keys", "/api/keys/{id}", "/api/me", "/api/reports/minutes", "/api/reports/share", "/api/reports/totals", "/api/taps", "/api/taps/{id}", "/health/live", "/health/ready"],
            paths.Select(path => path.Key).Order(StringComparer.Ordinal));

        await hub.PourAsync();
        foreach (var (path, method) in new[] { ("/api/beers", "post"), ("/api/beers/batch", "post"), ("/api/beers", "get"), ("/api/beers/{id}", "get"), ("/api/taps", "get"), ("/api/taps/{id}", "get"), ("/api/reports/share", "get"), ("/api/reports/totals", "get"), ("/api/reports/minutes", "get"), ("/api/events", "get") })
        {
            var operation = paths[path]![method]!;
            var query = path switch
            {
                "/api/events" => "?after=earliest&limit=1",
                "/api/reports/totals" => $"?from={TimeProvider.System.GetUtcNow():yyyy-MM-dd}T00:00:00Z",
                _ => "",
            };
            using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), path.Replace("{id}", "1", StringComparison.Ordinal) + query);
            if (operation["requestBody"]?["content"]?["application/json"]?["example"] is { } body) request.Content = body.ToJsonString().AsJson();
            using var answer = await hub.Http.SendAsync(request);

            var status = ((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
            var example = operation["responses"]![status]!["content"]!["application/json"]!["example"]!;
            Assert.Equal(Shape(example), Shape(await answer.JsonAsync()));
        }

        foreach (var operation in paths.SelectMany(path => path.Value!.AsObject()).Select(entry => entry.Value!))
        {
            foreach (var (_, answer) in operation["responses"]!.AsObject())
            {
                foreach (var (type, content) in answer!["content"]?.AsObject() ?? [])
                {
                    if (type != "text/event-stream") Assert.NotNull(content!["example"]);
                }
            }
        }
    }

    [Fact]
    public async Task ThePageAndTheDocsAreServed()
    {
        await using var hub = await HubUnderTest.StartAsync();
        foreach (var path in new[] { "/", "/docs/index.html" })
        {
            using var answer = await hub.Http.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task ADrainingHubIsNotReady()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Equal("live", (string?)(await hub.GetAsync("/health/live"))["status"]);
        Assert.Equal("ready", (string?)(await hub.GetAsync("/health/ready"))["status"]);
        await ((BeerTap.Server.Live.Feed)hub.Services.GetService(typeof(BeerTap.Server.Live.Feed))!).DrainAsync();
        using var draining = await hub.Http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, draining.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/events/stream")]
    [InlineData("GET", "/sockets/beers")]
    [InlineData("POST", "/hubs/taps/negotiate?negotiateVersion=1")]
    public async Task ADrainingHubTakesNoNewListenerAndSpreadsWhenTheyComeBack(string method, string path)
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:DrainSpread=00:00:30");
        await ((BeerTap.Server.Live.Feed)hub.Services.GetService(typeof(BeerTap.Server.Live.Feed))!).DrainAsync();
        var moments = new HashSet<TimeSpan?>();
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            using var answer = await hub.Http.SendAsync(request);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Equal("urn:beertap:problem:draining", (string?)(await answer.JsonAsync())["type"]);
            moments.Add(answer.Headers.RetryAfter!.Delta);
        }

        Assert.True(moments.Count > 3, $"20 listeners were told {moments.Count} different times");
        await hub.PourAsync();
    }

    /// <summary>The names and kinds of a JSON value, of a list the first entry's.</summary>
    private static string Shape(JsonNode? node) => node switch
    {
        JsonObject fields => $"{{{string.Join(',', fields.Select(field => $"{field.Key}:{Shape(field.Value)}"))}}}",
        JsonArray { Count: > 0 } list => $"[{Shape(list[0])}]",
        JsonArray => "[]",
        null => "null",
        _ => node.GetValueKind().ToString().Replace("True", "Bool", StringComparison.Ordinal).Replace("False", "Bool", StringComparison.Ordinal),
    };
}
