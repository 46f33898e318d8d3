using System.Diagnostics.Metrics;
using System.Net;
using BeerTap.Processes;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Hosting;

public sealed class HealthTests
{
    [Fact]
    public async Task AHubThatIsWellSaysWhatItLookedAt()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync();
        var ready = await hub.GetAsync("/health/ready");
        Assert.Equal("ready", (string?)ready["status"]);
        string[] local = ["store", "feed", "disk", "connections", "clock"];
        string[] checks = SharedLog.Brokers is null ? local : [.. local, "log"];
        Assert.Equal(checks, ready["checks"]!.AsObject().Select(check => check.Key));
        Assert.All(ready["checks"]!.AsObject(), check => Assert.Equal("ok", (string?)check.Value!["status"]));
        Assert.All(ready["checks"]!.AsObject(), check => Assert.NotEmpty((string?)check.Value!["reason"] ?? ""));
        var live = await hub.GetAsync("/health/live");
        Assert.Equal(("live", "ok"), ((string?)live["status"], (string?)live["checks"]!["feed"]!["status"]));
    }

    [Fact]
    public async Task ADiskWithoutRoomMakesTheHubUnreadyButNotDead()
    {
        await using var hub = await HubUnderTest.StartAsync($"--Health:FreeBytes={long.MaxValue / 2}");
        using var gauges = new Gauges(hub);
        using var answer = await hub.Http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        var ready = await answer.JsonAsync();
        Assert.Equal(("unready", "failed", "ok"), ((string?)ready["status"], (string?)ready["checks"]!["disk"]!["status"], (string?)ready["checks"]!["store"]!["status"]));
        Assert.Contains("MiB are free", (string?)ready["checks"]!["disk"]!["reason"], StringComparison.Ordinal);
        Assert.Equal("live", (string?)(await hub.GetAsync("/health/live"))["status"]);
        Assert.Contains("{beertap.check=disk}=0", gauges.Of("beertap.health"));
        Assert.True(gauges["beertap.store.free"] > 0);
    }

    [Fact]
    public async Task ACommitThatFailsMakesTheHubUnreadyUntilOneSucceeds()
    {
        await using var hub = new Parts();
        Assert.True(hub.Look().Store.IsOk);
        hub.Store.Refuse = _ => new StoreException("no room", fault: StoreFault.DiskFull);
        Assert.Equal(OutcomeKind.StoreUnavailable, (await hub.Repository.AddAsync(StoreUnderTest.Pour())).Kind);
        var report = hub.Look();
        Assert.Equal((false, "the last commit failed 1 s ago: the disk is full"), (report.IsReady, report.Store.Reason));
        hub.Store.Refuse = _ => null;
        await hub.Repository.AddAsync(StoreUnderTest.Pour());
        Assert.Equal("commits reach the disk", hub.Look().Store.Reason);
    }

    [Fact]
    public async Task WhileNobodyPoursAProbeSaysWhetherTheDiskTakesWrites()
    {
        await using var hub = new Parts();
        hub.Store.Refuse = _ => new StoreException("no room", fault: StoreFault.DiskFull);
        await hub.Repository.AddAsync(StoreUnderTest.Pour());
        Assert.False(hub.Look().Store.IsOk);
        hub.Time.Advance(TimeSpan.FromSeconds(5));
        await hub.UntilAsync(report => report.Store.Reason == "nobody pours; the disk takes writes");

        Directory.Delete(hub.Folder, recursive: true);
        await hub.UntilAsync(report => report.Store.Reason == "the disk does not take writes: DirectoryNotFoundException");
        Directory.CreateDirectory(hub.Folder);
        await hub.UntilAsync(report => report.Store.IsOk);
        Assert.Empty(Directory.GetFiles(hub.Folder));
    }

    [Fact]
    public async Task AStoreThatHangsIsNoticed()
    {
        await using var hub = new Parts();
        hub.Store.MayAppend.Reset();
        var pour = hub.Repository.AddAsync(StoreUnderTest.Pour());
        await hub.Store.Appending.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(hub.Look().Store.IsOk);
        hub.Time.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal("nothing was stored for 13 s, though pours wait (1)", hub.Look().Store.Reason);
        hub.Store.MayAppend.Set();
        await pour;
        await hub.UntilAsync(report => report.Store.IsOk);
    }

    [Fact]
    public async Task AFeedThatStandsStillIsUnreadyFirstAndDeadThen()
    {
        await using var hub = new Parts();
        hub.StopFeed();
        Assert.True(hub.Look().IsLive);
        hub.Time.Advance(TimeSpan.FromSeconds(12));
        var report = hub.Look();
        Assert.Equal((false, true, false), (report.IsReady, report.IsLive, report.Feed.IsOk));
        hub.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(hub.Look().IsLive);
    }

    [Fact]
    public async Task ABatchThatIsStoredButNeverToldIsNoticed()
    {
        await using var hub = new Parts(deaf: true);
        await hub.Repository.AddAsync(StoreUnderTest.Pour());
        Assert.True(hub.Look().Feed.IsOk);
        hub.Time.Advance(TimeSpan.FromSeconds(11));
        await hub.UntilAsync(report => report.Feed.Reason.StartsWith("the feed stands at position number 0 for", StringComparison.Ordinal));
    }

    /// <summary>The parts of a hub that its health is read from, on a store that can be told to fail and a clock that can be put forward.</summary>
    private sealed class Parts : IAsyncDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        private readonly HealthChecks _checks;
        private readonly StoreProbe _probe;
        private readonly ReadThreads _readers = new();
        private Feed? _feed;

        /// <param name="deaf">Whether the log that is looked at is told no batch.</param>
        public Parts(bool deaf = false)
        {
            var (meters, live, storage) = (_services.GetRequiredService<IMeterFactory>(), new LiveOptions(), new StorageOptions { Path = Folder });
            var intake = new IntakeMeter(meters, Time);
            Repository = new BeerRepository(Store, writer => new GroupCommitter(writer, new IntakeOptions()), storage, intake, NullLogger<BeerRepository>.Instance);
            var events = new EventLog(Store.Epoch, () => 0, live);
            _feed = new Feed(Repository, events, new TapRegistry(Repository, Time), new KeyedListeners(new ApiKeys(new SecurityOptions(), Folder, Time, Assert.Fail), Time), new FeedMeter(meters), _readers, live, Time, NullLogger<Feed>.Instance);
            _probe = new StoreProbe(storage, Time);
            _checks = new HealthChecks(
                _feed, deaf ? new EventLog(Store.Epoch, () => 0, live) : events, Repository, Store, intake, _probe, storage, new HealthOptions(), Time, NullLogger<HealthChecks>.Instance);
        }

        public string Folder { get; } = Directory.CreateTempSubdirectory("beertap-test-").FullName;

        public Clock Time { get; } = new();

        public FakeStore Store { get; } = new();

        public BeerRepository Repository { get; }

        /// <summary>No pump goes round any more.</summary>
        public void StopFeed() => Interlocked.Exchange(ref _feed, null)?.Dispose();

        /// <summary>Looks a second later: what was seen is kept for so long.</summary>
        public HealthReport Look()
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            return _checks.Look();
        }

        /// <summary>Looks until it sees what it should.</summary>
        public async Task UntilAsync(Func<HealthReport, bool> seen)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            while (!seen(Look())) await poll.WaitForNextTickAsync(patience.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _probe.DisposeAsync();
            StopFeed();
            _readers.Dispose();
            Repository.Dispose();
            await _services.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>Stands still until it is put forward; timers run as ever.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _passed;

        public override long GetTimestamp() => Volatile.Read(ref _passed);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => Interlocked.Add(ref _passed, by.Ticks);
    }
}
