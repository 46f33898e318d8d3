using System.Diagnostics;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Live;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>What a collector hears from a hub.</summary>
[Collection(Alone.Name)]
public sealed class TelemetryTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736", Caller = "00f067aa0ba902b7";

    [Fact]
    public async Task ATraceGoesFromTheCallerOverThePostAndTheCommitToTheBroadcast()
    {
        await using var collector = await Collector.StartAsync();
        await using (var hub = await HubUnderTest.StartAsync($"--Telemetry:Otlp:Endpoint={collector.Address}", "--Telemetry:Otlp:Protocol=http/protobuf", "--Telemetry:Otlp:Traces=0"))
        {
            await using var listener = await Listener.ConnectAsync("sse", hub, "earliest");
            await hub.PourAsync();
            using var followed = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = """{"tapId":1,"volume":500}""".AsJson() };
            followed.Headers.Add("traceparent", $"00-{Trace}-{Caller}-01");
            using var answer = await hub.Http.SendAsync(followed);
            await listener.HearContiguousAsync(1, 2);
        }

        // Of two pours the caller followed one, and nobody else decided for the other.
        Assert.All(collector.Spans, span => Assert.Equal(Trace, span.TraceId));
        var post = Assert.Single(collector.Spans, span => span.ParentId == Caller);
        Assert.StartsWith("POST /api/beers", post.Name, StringComparison.Ordinal);
        var commit = Assert.Single(collector.Spans, span => span.ParentId == post.Id);
        Assert.Equal("beertap commit", commit.Name);
        var broadcast = Assert.Single(collector.Spans, span => span.ParentId == commit.Id);
        Assert.Equal("beertap broadcast", broadcast.Name);
        Assert.Equal(3, collector.Spans.Count);
    }

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task EveryMeterIsExported(string protocol)
    {
        await using var collector = await Collector.StartAsync(protocol == "grpc");
        await using (var hub = await HubUnderTest.StartAsync($"--Telemetry:Otlp:Endpoint={collector.Address}/", $"--Telemetry:Otlp:Protocol={protocol}", "--Telemetry:Otlp:Traces=1"))
        {
            await hub.PourAsync();
            using var refused = await hub.Http.PostAsync("/api/beers", "{}".AsJson());
        }

        string[] told = ["beertap.pours", "beertap.intake.queue", "beertap.intake.commit.size", "beertap.intake.commit.duration", "beertap.feed.deliveries", "beertap.feed.lag", "beertap.refusals", "beertap.health", "beertap.store.free", "http.server.request.duration", "dotnet.process.memory.working_set"];
        Assert.Empty(told.Except(collector.Metrics.Keys));
        Assert.Contains(collector.Spans, span => span.Name == "beertap commit");
        Assert.Equal(("s", "By"), (collector.Metrics["beertap.intake.commit.duration"], collector.Metrics["beertap.store.free"]));
    }

    [Fact]
    public async Task WithoutACollectorNothingIsExported()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.DoesNotContain(hub.Services.GetServices<IHostedService>(), service => service is Telemetry);
    }

    [Fact]
    public void ATraceThatNobodyListensToCostsNoMemory()
    {
        List<int> submissions = [1, 2, 3];
        LogBatch batch = new(0);
        Follow();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) Follow();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Follow()
        {
            Assert.Null(IntakeTrace.Post());
            var commit = IntakeTrace.Begin(submissions, static _ => null);
            IntakeTrace.Committed(commit, batch);
        }
    }

    [Fact]
    public void ACommitBelongsToTheFirstOfItsPostsAndIsLinkedToAFewOfTheOthers()
    {
        const int Posts = 100, MostLinks = 32;
        using var source = new ActivitySource("posts");
        using var listener = new ActivityListener
        {
            ShouldListenTo = one => one == source || one.Name == IntakeTrace.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        List<Activity?> posts = [null, .. Enumerable.Range(0, Posts).Select(_ => source.StartActivity("post", ActivityKind.Server, parentId: null))];
        using var commit = IntakeTrace.Begin(posts, post => post);
        Assert.Equal(posts[1]!.SpanId, commit!.ParentSpanId);
        Assert.Equal(posts.Skip(2).Take(MostLinks).Select(post => post!.Context), commit.Links.Select(link => link.Context));
        posts.ForEach(post => post?.Dispose());
    }

    [Fact]
    public async Task RefusalsAreCountedByTheProblemsType()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var gauges = new Gauges(hub);
        using var batch = await hub.Http.PostAsync("/api/beers/batch", """{"beers":[{"tapId":0,"volume":5},{"tapId":1,"volume":500}]}""".AsJson());
        using var missing = await hub.Http.GetAsync("/api/beers/77");
        using var nothing = await hub.Http.GetAsync("/nothing");
        Assert.Equal(
            ["{beertap.reason=invalid-fields,http.response.status_code=400}=1", "{beertap.reason=no-such-beer,http.response.status_code=404}=1", "{beertap.reason=not-found,http.response.status_code=404}=1"],
            gauges.Of("beertap.refusals").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--Telemetry:Otlp:Endpoint=collector")]
    [InlineData("--Telemetry:Otlp:Protocol=udp")]
    [InlineData("--Telemetry:Otlp:Traces=2")]
    [InlineData("--Telemetry:Endpoint=http://collector:4317")]
    public async Task AWrongSettingIsTold(string setting) => Assert.Single((await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync([setting]))).Faults);
}
