using System.Text;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

/// <summary>Single faults with a name; <see cref="SimulationTests"/> mixes them.</summary>
[Collection(ReplicationTests.Name)]
public sealed class ReplicatedCommitterTests : IAsyncLifetime
{
    private const int Ahead = 300;

    /// <summary>Long, for the clock goes faster than a busy machine's threads; it is stopped where the time matters.</summary>
    private static readonly TimeSpan LogTimeout = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SimulatedTime _time = new();
    private readonly SimulatedLog _log;
    private readonly List<SimulatedHub> _hubs = [];
    private SimulatedClock _clock;

    public ReplicatedCommitterTests()
    {
        _log = new SimulatedLog(new Random(1), _time) { Ahead = Ahead };
        _clock = new SimulatedClock(_time);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _clock.StopAsync();
        _clock = new SimulatedClock(_time);
        foreach (var hub in _hubs) await Task.Run(hub.Dispose);
        await _clock.StopAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NobodyWaitsForASilentLogMuchLongerThanTheTimeout(bool hangs)
    {
        var hub = await StartAsync();
        await _clock.StopAsync();
        _log.Majority = false;
        var seen = 0;
        _log.Decide = entry =>
        {
            if (Encoding.UTF8.GetString(entry).Contains("pint", StringComparison.Ordinal)) Interlocked.Increment(ref seen);
            return hangs ? Fate.Hangs : Fate.Lost;
        };
        var answers = new List<Task<Outcome>>();
        for (var i = 1; i <= (hangs ? 1 : 4); i++)
        {
            answers.Add(hub.Committer.SubmitAsync(Pour()));
            await Eventually.HoldsAsync(() => Volatile.Read(ref seen) >= i, "a pour was not handed over");
        }

        answers.AddRange(Enumerable.Range(0, 190).Select(_ => hub.Committer.SubmitAsync(Pour())));

        // The clock stands still afterwards: who is not answered then would wait for longer.
        _time.Advance(LogTimeout + TimeSpan.FromMilliseconds(250));
        Assert.All(await Task.WhenAll(answers).WaitAsync(Patience), outcome => Assert.Equal(NotTaken, Only(outcome)));
        Assert.Equal(NotTaken, Only(await hub.Committer.SubmitAsync(Pour()).WaitAsync(Patience)));
        await Eventually.HoldsAsync(() => hub.Committer.Waiting == 0, "answered pours still count as waiting");
    }

    [Fact]
    public async Task APourThatWasOvertakenIsAnsweredAtOnceAlsoWhileTheStoreIsFull()
    {
        var hub = await StartAsync();
        await _clock.StopAsync();
        Lose("401");
        Assert.Equal([NotTaken, Poured(1)], await TogetherAsync(hub, Pour(volume: 401), Pour(volume: 400)));

        hub.Store.Trouble = new StoreException("full", fault: StoreFault.DiskFull);
        Assert.Equal([NotTaken, Full], await TogetherAsync(hub, Pour(volume: 401), Pour(volume: 400)));
        Assert.Equal(0, hub.Committer.Waiting);
    }

    [Fact]
    public async Task AFullStoreRefusesAtOnceAndTakesLaterWhatIsInTheLog()
    {
        var hub = await StartAsync();
        var other = await StartAsync();
        hub.Store.Trouble = new StoreException("full", fault: StoreFault.DiskFull);
        Assert.Equal(Poured(1), Only(await other.Committer.SubmitAsync(Pour(pourId: "a"))));
        await Eventually.HoldsAsync(() => hub.Status.StoreTrouble is not null, "the store's trouble is not told");
        Assert.Equal(Full, Only(await hub.Committer.SubmitAsync(Pour(pourId: "a")).WaitAsync(Patience)));
        Assert.Equal("failed", hub.Status.Look(TimeSpan.FromSeconds(5)).Status);

        hub.Store.Trouble = null;
        await Eventually.HoldsAsync(() => hub.Status.StoreTrouble is null, "the store is not tried again");
        Assert.Equal((OutcomeKind.Replayed, 1L, default), Only(await hub.Committer.SubmitAsync(Pour(pourId: "a")).WaitAsync(Patience)));
    }

    [Fact]
    public async Task AHubWhoseStoreIsFullKeepsItsConnectionAndNoMoreThanTheEngineGives()
    {
        var hub = await StartAsync();
        for (var i = 1; i <= 5_000; i++) _log.Put(LogEntryJson.Write(new LogEntry("testtest", "somebody", i, [Pour()])));
        hub.Store.Trouble = new StoreException("full", fault: StoreFault.DiskFull);
        await Eventually.HoldsAsync(() => hub.Status.StoreTrouble is not null, "the store's trouble is not told");
        var opened = _log.Opened;
        await GoOnAsync(2 * LogTimeout);
        Assert.Equal(opened, _log.Opened);

        var given = _log.Given;
        for (var i = 0; i < 12; i++)
        {
            _log.BreakAll();
            await GoOnAsync(TimeSpan.FromSeconds(2));
        }

        // A thousand, and what the last connections gave; all of them would give 3,600.
        Assert.InRange(_log.Given - given, 1, 1_000 + (2 * Ahead));
        hub.Store.Trouble = null;
        await Eventually.HoldsAsync(() => hub.Store.ReadLog(0, int.MaxValue).Count == 5_000, "it does not catch up");
    }

    [Fact]
    public async Task WhatWasOnItsWayIsNotOvertakenByTheSearchForTheLogsEnd()
    {
        var hub = await StartAsync(timeout: TimeSpan.FromHours(1));
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        var words = 0;
        var lost = 0;
        _log.Decide = entry =>
        {
            var text = Encoding.UTF8.GetString(entry);
            if (text.Contains("\"n\":-", StringComparison.Ordinal)) Interlocked.Increment(ref words);
            return text.Contains("401", StringComparison.Ordinal) && Interlocked.Increment(ref lost) == 1 ? Fate.Lost : Fate.Taken;
        };
        var pour = hub.Committer.SubmitAsync(Pour(volume: 401));
        await Eventually.HoldsAsync(() => Volatile.Read(ref lost) == 1, "the pour was not handed over");
        _log.Majority = false;
        _log.BreakAll();
        await Eventually.HoldsAsync(() => Volatile.Read(ref words) > 2, "the hub does not look where the log ends");
        _log.Majority = true;
        Assert.Equal(Poured(2), Only(await pour.WaitAsync(Patience)));
    }

    [Fact]
    public async Task AConnectionThatGivesNothingIsGivenUpForAnother()
    {
        var hub = await StartAsync();
        _log.Majority = false;
        _log.BreakAll();
        var opened = _log.Opened;
        await Eventually.HoldsAsync(() => _log.Opened > opened + 1, "it stays with a connection that gives nothing");
        Assert.Empty(hub.Refused);
        _log.Majority = true;
        await TakesAsync(hub);
    }

    [Fact]
    public async Task ManyPoursThatGatheredComeInEntriesOfBoundedSize()
    {
        var hub = await StartAsync(timeout: TimeSpan.FromHours(1), intake: new IntakeOptions { MaxCommit = 100_000, QueueCapacity = 100_000 });
        _log.Majority = false;
        var seen = 0;
        _log.Decide = _ =>
        {
            Interlocked.Increment(ref seen);
            return Fate.Taken;
        };
        var answers = new List<Task<Outcome[]>>();
        for (var i = 1; i <= 4; i++)
        {
            answers.Add(hub.Committer.SubmitTogetherAsync(Pour()));
            await Eventually.HoldsAsync(() => Volatile.Read(ref seen) >= i, "a pour was not handed over");
        }

        for (var i = 0; i < 3; i++) answers.Add(hub.Committer.SubmitTogetherAsync(Enumerable.Repeat(Pour(), 1_500).ToArray()));
        _log.Majority = true;
        await Task.WhenAll(answers).WaitAsync(Patience);
        Assert.Equal(3_000, _log.Entries.Max(entry => LogEntryJson.Read(entry.Entry, entry.Offset).Commands.Count));
    }

    [Fact]
    public async Task AFaultThatNobodyExpectsIsTriedAgain()
    {
        var hub = await StartAsync();
        var left = 3;
        hub.Link.Surprise = () => Interlocked.Decrement(ref left) >= 0 ? new TimeoutException("of the client's own") : null;
        _log.BreakAll();
        await Eventually.HoldsAsync(() => Volatile.Read(ref left) < 0, "it does not try again");
        await TakesAsync(hub);
    }

    [Fact]
    public async Task ShutdownAnswersEverybodyThoughTheLogIsSilent()
    {
        var hub = await StartAsync();
        _log.Majority = false;
        var answers = Enumerable.Range(0, 120).Select(_ => hub.Committer.SubmitTogetherAsync(Pour())).ToList();
        var committer = hub.Committer;
        await Task.Run(hub.Dispose).WaitAsync(Patience);
        Assert.All(answers, answer => Assert.Equal(NotTaken, Only(answer.Result[0])));
        Assert.Equal(OutcomeKind.StoreUnavailable, (await committer.SubmitAsync(Pour()).WaitAsync(Patience)).Kind);
    }

    [Fact]
    public async Task ALogOfAnotherEpochIsRefused()
    {
        Put(new LogEntry("otherone", "somebody", 1, [], new LogBeginning(0)));
        await IsRefusedAsync(Hub(), "epoch otherone", "testtest");
    }

    [Theory]
    [InlineData("{\"v\":2,\"anything\":true}", "newer BeerTap (entry version 2")]
    [InlineData("pour me a beer", "none of BeerTap's")]
    [InlineData("{\"v\":1,\"epoch\":\"testtest\",\"from\":\"x\",\"n\":1,\"do\":[{\"at\":999999999999999999,\"delete\":1}]}", "none of BeerTap's")]
    public async Task AnEntryThatIsNotUnderstoodStopsTheHubAndIsNotPassedOver(string entry, string why)
    {
        var hub = await StartAsync();
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        var offset = _log.Put(Encoding.UTF8.GetBytes(entry));
        await IsRefusedAsync(hub, why, $"Entry {offset} ");
        Assert.Single(hub.Log);
        Assert.True(hub.Status.Offset < offset);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALogThatWasCutShortOrMadeAnewIsRefused(bool anew)
    {
        var hub = await StartAsync();
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour())));
        _log.CutAt(anew ? 0 : _log.Entries[^1].Offset);
        await IsRefusedAsync(hub, "The log ends at entry", "The brokers lost the log");
        Assert.Equal(3, hub.Log.Count);
    }

    [Fact]
    public async Task ALogThatWasMadeAnewAndGrewIsRefused()
    {
        var hub = await StartAsync();
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        _log.CutAt(0);
        Put(new LogEntry("testtest", "somebody", 1, [], new LogBeginning(0)));
        for (var i = 2; i < 200; i++) Put(new LogEntry("testtest", "somebody", i, [Pour()]));
        hub.Start();
        await IsRefusedAsync(hub, "the stream was made anew");
        Assert.Equal(3, hub.Log.Count);
    }

    [Fact]
    public async Task ALogWhoseNextEntriesWereDroppedIsRefused()
    {
        var hub = await StartAsync();
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        var other = await StartAsync();
        for (var i = 0; i < 5; i++) await TakesAsync(other);
        _log.DropBefore(_log.Entries[^1].Offset);
        hub.Start();
        await IsRefusedAsync(hub, "no longer has entry", "backup of another one");
        await IsRefusedAsync(Hub(), "no longer has entry 0", "backup of another one");
        await TakesAsync(other);
    }

    [Fact]
    public async Task ALogThatGoesOnFromAHubsOwnPastTakesOnlyCopiesOfThatHub()
    {
        var disk = new MemoryDisk(Pour(pourId: "before"), Pour());
        var copy = disk.Copy();
        var first = await StartAsync(disk);
        Assert.Equal(Poured(3), Only(await first.Committer.SubmitAsync(Pour())));
        var second = await StartAsync(copy);
        Assert.Equal(first.Log, second.Log);
        Assert.Equal((OutcomeKind.Replayed, 1L, default), Only(await second.Committer.SubmitAsync(Pour(pourId: "before"))));
        await IsRefusedAsync(Hub(), "from position 2", "stands at 0");
    }

    [Fact]
    public async Task AStoreThatWentOnWithoutTheLogIsRefused()
    {
        var disk = new MemoryDisk();
        var hub = await StartAsync(disk);
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        using (var alone = disk.Open())
        {
            var batch = new LogBatch(alone.Head);
            batch.Pour(Pour());
            alone.Append(batch);
        }

        var fault = Assert.Throws<LogException>(hub.Start);
        Assert.Contains("stands at position 2, but at 1", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOlderBackupOfTheSameHubCatchesUpBesideIt()
    {
        var disk = new MemoryDisk();
        var hub = await StartAsync(disk);
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour(pourId: $"{i}"))));
        var backup = disk.Copy();
        for (var i = 4; i <= 6; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour(pourId: $"{i}"))));
        var restored = await StartAsync(backup);
        Assert.Equal(hub.Log, restored.Log);
        Assert.Equal((OutcomeKind.Replayed, 5L, default), Only(await restored.Committer.SubmitAsync(Pour(pourId: "5"))));
        Assert.Equal(Poured(7), Only(await restored.Committer.SubmitAsync(Pour(pourId: "7"))));
        Assert.Equal((OutcomeKind.Replayed, 7L, default), Only(await hub.Committer.SubmitAsync(Pour(pourId: "7"))));
    }

    private static (OutcomeKind Kind, long Id, StoreFault Fault) NotTaken => (OutcomeKind.StoreUnavailable, 0, StoreFault.LogUnavailable);

    private static (OutcomeKind Kind, long Id, StoreFault Fault) Full => (OutcomeKind.StoreUnavailable, 0, StoreFault.DiskFull);

    private static (OutcomeKind Kind, long Id, StoreFault Fault) Poured(long id) => (OutcomeKind.Poured, id, default);

    private static (OutcomeKind Kind, long Id, StoreFault Fault) Only(Outcome outcome) => (outcome.Kind, outcome.Beer?.Id ?? 0, outcome.Fault);

    private SimulatedHub Hub(MemoryDisk? disk = null, TimeSpan? timeout = null, IntakeOptions? intake = null)
    {
        var hub = new SimulatedHub(_log, _time, (disk ?? new MemoryDisk()).Open, timeout: timeout ?? LogTimeout, intake: intake);
        _hubs.Add(hub);
        return hub;
    }

    private async Task<SimulatedHub> StartAsync(MemoryDisk? disk = null, TimeSpan? timeout = null, IntakeOptions? intake = null)
    {
        var hub = Hub(disk, timeout, intake);
        await Eventually.HoldsAsync(() => hub.Status.CaughtUp, "the hub does not catch up");
        return hub;
    }

    private async Task GoOnAsync(TimeSpan by)
    {
        var until = _time.Now + by;
        await Eventually.HoldsAsync(() => _time.Now >= until, "the clock stands still");
    }

    private void Put(LogEntry entry) => _log.Put(LogEntryJson.Write(entry));

    private void Lose(string volume) =>
        _log.Decide = entry => Encoding.UTF8.GetString(entry).Contains(volume, StringComparison.Ordinal) ? Fate.Lost : Fate.Taken;

    /// <summary>Hands over two pours in two entries, and gives both answers.</summary>
    private async Task<(OutcomeKind, long, StoreFault)[]> TogetherAsync(SimulatedHub hub, PourBeer one, PourBeer other)
    {
        var seen = 0;
        var decide = _log.Decide;
        _log.Decide = entry =>
        {
            Interlocked.Increment(ref seen);
            return decide(entry);
        };
        var first = hub.Committer.SubmitAsync(one);
        await Eventually.HoldsAsync(() => Volatile.Read(ref seen) > 0, "the pour was not handed over");
        var second = hub.Committer.SubmitAsync(other);
        _log.Decide = decide;
        return [Only(await first.WaitAsync(Patience)), Only(await second.WaitAsync(Patience))];
    }

    private static async Task TakesAsync(SimulatedHub hub)
    {
        while (Only(await hub.Committer.SubmitAsync(Pour(pourId: "takes")).WaitAsync(Patience)) is { Kind: OutcomeKind.StoreUnavailable })
        {
            // It says so until it is connected again.
        }
    }

    private static async Task<LogException> RefusalAsync(SimulatedHub hub)
    {
        await Eventually.HoldsAsync(() => hub.Refused.Count > 0, "the hub goes on");
        return Assert.Single(hub.Refused);
    }

    private static async Task IsRefusedAsync(SimulatedHub hub, params string[] words)
    {
        var fault = await RefusalAsync(hub);
        Assert.All(words, word => Assert.Contains(word, fault.Message, StringComparison.Ordinal));
        Assert.Equal(("failed", fault.Message), (hub.Status.Look(TimeSpan.Zero).Status, hub.Status.Look(TimeSpan.Zero).Reason));
        Assert.Equal(NotTaken, Only(await hub.Committer.SubmitAsync(Pour()).WaitAsync(Patience)));
    }
}
