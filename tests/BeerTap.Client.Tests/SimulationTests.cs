using System.Diagnostics;
using System.Globalization;
using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed class SimulationTests : IDisposable
{
    private readonly Heard _heard = new();
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _asked = new();

    public void Dispose()
    {
        _heard.Dispose();
        _folder.Dispose();
        _asked.Dispose();
    }

    [Theory]
    [InlineData("SignalR")]
    [InlineData("WebSocket")]
    [InlineData("Sse")]
    public async Task EveryTapPoursItsCountAndEveryFeedHearsAll(string feed)
    {
        await using var hub = await FakeHub.StartAsync();
        var code = await RunAsync(new ClientOptions { Server = hub.Address, Taps = 3, Count = 20, Every = TimeSpan.Zero, Seed = 7, Feed = Enum.Parse<FeedKind>(feed) });
        Assert.Equal("posted 60, acknowledged 60 (0 replayed), refused 0, waiting 0, heard 180, reports 0, reloads 0, duplicates 0, gaps: 0", _heard.Lines[^1]);
        Assert.Equal(0, code);
        Assert.All(Enumerable.Range(1, 3), tap => Assert.Equal(Volumes(7, tap, 20), hub.Pours.Where(pour => pour.TapId == tap).Select(pour => pour.Volume)));
        Assert.Equal(60, _heard.Count(" poured a "));
    }

    [Fact]
    public async Task TapsPourOnWhileTheHubIsAwayAndNothingIsLostOrTwice()
    {
        var hub = await FakeHub.StartAsync();
        var (log, address) = (hub.Log, hub.Address);
        var running = RunAsync(new ClientOptions { Server = address, Taps = 3, Count = 60, Every = TimeSpan.FromMilliseconds(20) });
        await Until.TrueAsync(() => hub.Calls.Count >= 20, "some are poured");
        await hub.DisposeAsync();
        await Until.TrueAsync(() => _heard.Count("is away") == 1, "the outage is told");
        await using var again = await FakeHub.StartAsync(log, address);
        Assert.Equal(0, await running);
        Assert.StartsWith("posted 180, acknowledged 180 (", _heard.Lines[^1], StringComparison.Ordinal);
        Assert.EndsWith("refused 0, waiting 0, heard 540, reports 0, reloads 0, duplicates 0, gaps: 0", _heard.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(180, log.Head);
    }

    [Fact]
    public async Task TapsPourOnAtTheHubThatAnotherSendsThemToAndNothingIsLostOrTwice()
    {
        var log = new FakeLog();
        var hub = await FakeHub.StartAsync(log);
        await using var next = await FakeHub.StartAsync(log);
        var running = RunAsync(new ClientOptions { Server = hub.Address, Taps = 3, Count = 60, Every = TimeSpan.FromMilliseconds(20), ApiKey = "secret" });
        await Until.TrueAsync(() => hub.Calls.Count >= 20, "some are poured");
        log.Send(new FeedEvent(FeedEvent.Closing, Reason: "draining", RetryAfterMs: 0, To: next.Address.ToString()));
        await Until.TrueAsync(() => _heard.Count("sends its listeners to") == 1, "it is told where to go");
        await hub.DisposeAsync();
        Assert.Equal(0, await running);
        Assert.StartsWith("posted 180, acknowledged 180 (", _heard.Lines[^1], StringComparison.Ordinal);
        Assert.EndsWith("refused 0, waiting 0, heard 540, reports 0, reloads 0, duplicates 0, gaps: 0", _heard.Lines[^1], StringComparison.Ordinal);
        Assert.NotEmpty(next.Calls);
    }

    [Fact]
    public async Task WithoutTapsItOnlyListens()
    {
        await using var hub = await FakeHub.StartAsync();
        var running = RunAsync(new ClientOptions { Server = hub.Address, Taps = 0 });
        await Until.TrueAsync(() => hub.Log.Listening == 1, "the feed is there");
        hub.Log.PourMany(3);
        await Until.TrueAsync(() => _heard.Count(" poured a ") == 3, "the pours are told");
        await _asked.CancelAsync();
        Assert.Equal(0, await running);
        Assert.Null(hub.Log.Listened[0].TapId);
        Assert.StartsWith("posted 0, acknowledged 0 (0 replayed), refused 0, waiting 0, heard 3,", _heard.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task GapsAndDuplicatesMakeTheRunFail()
    {
        await using var hub = await FakeHub.StartAsync();
        var running = RunAsync(new ClientOptions { Server = hub.Address, Every = TimeSpan.FromHours(1) });
        await Until.TrueAsync(() => hub.Log.Listening == 1, "the feed is there");
        hub.Log.Send(new FeedEvent(FeedEvent.BeerDeleted, "fake-2", Id: 1));
        await Until.TrueAsync(() => _heard.Count("GAP") == 1, "the gap is seen");
        await _asked.CancelAsync();
        Assert.Equal(1, await running);
        Assert.EndsWith("gaps: 1", _heard.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlCWithoutAHubSaysWhatIsLeftInTheSpool()
    {
        var spool = _folder.File("taps.spool");
        var running = RunAsync(new ClientOptions { Server = await FakeHub.FreeAddressAsync(), Every = TimeSpan.FromMilliseconds(20), SpoolFile = spool });
        await Until.TrueAsync(() => File.Exists(spool) && new FileInfo(spool).Length > 500, "some are poured");
        await _asked.CancelAsync();
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(6)));
        Assert.Equal(1, _heard.Count("kept in the spool"));
        await using var left = SpoolFile.Open(spool);
        Assert.Contains($"waiting {left.Left.Count},", _heard.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task HundredsOfPoursOfASpoolAreToldByTheirProgressAndNotOneByOne()
    {
        var path = _folder.File("taps.spool");
        await using (var file = SpoolFile.Open(path))
        {
            for (var i = 0; i < 300; i++) await file.AddAsync(new Pour(1 + (i % 3), 330, $"left-{i}", DateTime.UnixEpoch));
        }

        await using var hub = await FakeHub.StartAsync();
        using var stop = new CancellationTokenSource();
        var running = new Simulation(new ClientOptions { Server = hub.Address, Taps = 0, SpoolFile = path }, _heard.Report, TimeProvider.System).RunAsync(stop.Token);
        await Until.TrueAsync(() => _heard.Count("pours of the spool settled: 300 of 300") == 1, "all are settled and heard");
        await stop.CancelAsync();
        Assert.Equal(0, await running);
        Assert.Equal(300, hub.Log.Head);
        Assert.Equal(1, _heard.Count("pours of the spool settled: 0 of 300"));

        // On a slow machine the feed may pause for longer than the client waits for it.
        Assert.InRange(_heard.Lines.Count(line => line.Contains(" poured ", StringComparison.Ordinal)), 0, 150);
    }

    [Fact]
    public async Task PoursSurviveAKillOfTheClientAndArriveOnce()
    {
        var spool = _folder.File("taps.spool");
        var address = await FakeHub.FreeAddressAsync();
        using (var client = Start("--server", address.ToString(), "--taps", "2", "--every", "10ms", "--spool", spool))
        {
            await Until.TrueAsync(() => File.Exists(spool) && new FileInfo(spool).Length > 3000, "some are poured");
            client.Kill();
            await client.WaitForExitAsync();
        }

        List<Pour> left;
        await using (var file = SpoolFile.Open(spool)) left = [.. file.Left];
        Assert.InRange(left.Count, 20, 10_000);
        await using var hub = await FakeHub.StartAsync(address: address);

        // Another tap than those that left pours: theirs are sent all the same.
        Assert.Equal(0, await RunAsync(new ClientOptions { Server = address, FirstTap = 50, Count = 1, Every = TimeSpan.Zero, SpoolFile = spool }));
        Assert.Equal(left.Count + 1, hub.Log.Head);
        Assert.Equal(1, _heard.Count($"pours of the spool settled: {left.Count} of {left.Count}"));
        Assert.Equal(left.OrderBy(pour => pour.PourId), hub.Pours.Where(pour => pour.TapId < 50).OrderBy(pour => pour.PourId));
        await using var after = SpoolFile.Open(spool);
        Assert.Empty(after.Left);
    }

    [Fact]
    public async Task AFullSpoolShutsTheValves()
    {
        var address = await FakeHub.FreeAddressAsync();
        var running = RunAsync(new ClientOptions { Server = address, Taps = 4, Count = 20, Every = TimeSpan.FromMilliseconds(5), SpoolLimit = 10 });
        await Until.TrueAsync(() => _heard.Count("spool is full (10 pours wait)") == 1, "the spool is full");
        await using var hub = await FakeHub.StartAsync(address: address);
        Assert.Equal(0, await running);
        Assert.Equal(80, hub.Log.Head);
    }

    [Fact]
    public async Task ASignalEndsTheClientCleanly()
    {
        await using var hub = await FakeHub.StartAsync();
        using var client = Start("--server", hub.Address.ToString(), "--every", "20ms");
        await Until.TrueAsync(() => hub.Calls.Count >= 5, "some are poured");
        var id = client.Id.ToString(CultureInfo.InvariantCulture);

        // Twice, as a supervisor that signals the process and its group does: that is still one wish.
        using (var kill = Process.Start("sh", ["-c", $"kill -TERM {id}; kill -INT {id}"])) await kill.WaitForExitAsync();
        var output = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        Assert.Equal(0, client.ExitCode);
        Assert.Matches("posted ([0-9]+), acknowledged \\1 \\(0 replayed\\), refused 0, waiting 0, heard \\1, reports 0, reloads 0, duplicates 0, gaps: 0\n$", output);
    }

    private static List<decimal> Volumes(int seed, int tap, int count)
    {
        var generator = new PourGenerator(seed, tap, TimeProvider.System);
        return [.. Enumerable.Range(0, count).Select(_ => generator.Next().Volume)];
    }

    private static Process Start(params string[] options)
    {
        string[] command = [Path.Combine(AppContext.BaseDirectory, "BeerTap.Client.dll"), .. options];
        return Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
    }

    private Task<int> RunAsync(ClientOptions options) => new Simulation(options, _heard.Report, TimeProvider.System).RunAsync(_asked.Token);
}
