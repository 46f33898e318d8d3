using System.Text;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

/// <summary>Single faults with a name; <see cref="SimulationTests"/> mixes them.</summary>
[Collection(ReplicationTests.Name)]
public sealed class ReplicatedCommitterTests : SimulatedCluster
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NobodyWaitsForASilentLogMuchLongerThanTheTimeout(bool hangs)
    {
        var hub = await StartAsync();
        await Clock.StopAsync();
        Log.Majority = false;
        var seen = 0;
        Log.Decide = entry =>
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
        Time.Advance(LogTimeout + TimeSpan.FromMilliseconds(250));
        Assert.All(await Task.WhenAll(answers).WaitAsync(Patience), outcome => Assert.Equal(NotTaken, Only(outcome)));
        Assert.Equal(NotTaken, Only(await hub.Committer.SubmitAsync(Pour()).WaitAsync(Patience)));
        await Eventually.HoldsAsync(() => hub.Committer.Waiting == 0, "answered pours still count as waiting");
    }

    [Fact]
    public async Task APourThatWasOvertakenIsAnsweredAtOnceAlsoWhileTheStoreIsFull()
    {
        var hub = await StartAsync();
        await Clock.StopAsync();
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
        for (var i = 1; i <= 5_000; i++) Log.Put(LogEntryJson.Write(new LogEntry("testtest", "somebody", i, [Pour()])));
        hub.Store.Trouble = new StoreException("full", fault: StoreFault.DiskFull);
        await Eventually.HoldsAsync(() => hub.Status.StoreTrouble is not null, "the store's trouble is not told");
        var opened = Log.Opened;
        await GoOnAsync(2 * LogTimeout);
        Assert.Equal(opened, Log.Opened);

        var given = Log.Given;
        for (var i = 0; i < 12; i++)
        {
            Log.BreakAll();
            await GoOnAsync(TimeSpan.FromSeconds(2));
        }

        // A thousand, and what the last connections gave; all of them would give 3,600.
        Assert.InRange(Log.Given - given, 1, 1_000 + (2 * Ahead));
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
        Log.Decide = entry =>
        {
            var text = Encoding.UTF8.GetString(entry);
            if (text.Contains("\"n\":-", StringComparison.Ordinal)) Interlocked.Increment(ref words);
            return text.Contains("401", StringComparison.Ordinal) && Interlocked.Increment(ref lost) == 1 ? Fate.Lost : Fate.Taken;
        };
        var pour = hub.Committer.SubmitAsync(Pour(volume: 401));
        await Eventually.HoldsAsync(() => Volatile.Read(ref lost) == 1, "the pour was not handed over");
        Log.Majority = false;
        Log.BreakAll();
        await Eventually.HoldsAsync(() => Volatile.Read(ref words) > 2, "the hub does not look where the log ends");
        Log.Majority = true;
        Assert.Equal(Poured(2), Only(await pour.WaitAsync(Patience)));
    }

    [Fact]
    public async Task AConnectionThatGivesNothingIsGivenUpForAnother()
    {
        var hub = await StartAsync();
        Log.Majority = false;
        Log.BreakAll();
        var opened = Log.Opened;
        await Eventually.HoldsAsync(() => Log.Opened > opened + 1, "it stays with a connection that gives nothing");
        Assert.Empty(hub.Refused);
        Log.Majority = true;
        await TakesAsync(hub);
    }

    [Fact]
    public async Task ManyPoursThatGatheredComeInEntriesOfBoundedSize()
    {
        var hub = await StartAsync(timeout: TimeSpan.FromHours(1), intake: new IntakeOptions { MaxCommit = 100_000, QueueCapacity = 100_000 });
        Log.Majority = false;
        var seen = 0;
        Log.Decide = _ =>
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
        Log.Majority = true;
        await Task.WhenAll(answers).WaitAsync(Patience);
        Assert.Equal(3_000, Log.Entries.Max(entry => LogEntryJson.Read(entry.Entry, entry.Offset).Commands.Count));
    }

    [Fact]
    public async Task AFaultThatNobodyExpectsIsTriedAgain()
    {
        var hub = await StartAsync();
        var left = 3;
        hub.Link.Surprise = () => Interlocked.Decrement(ref left) >= 0 ? new TimeoutException("of the client's own") : null;
        Log.BreakAll();
        await Eventually.HoldsAsync(() => Volatile.Read(ref left) < 0, "it does not try again");
        await TakesAsync(hub);
    }

    [Fact]
    public async Task ShutdownAnswersEverybodyThoughTheLogIsSilent()
    {
        var hub = await StartAsync();
        Log.Majority = false;
        var answers = Enumerable.Range(0, 120).Select(_ => hub.Committer.SubmitTogetherAsync(Pour())).ToList();
        var committer = hub.Committer;
        await Task.Run(hub.Dispose).WaitAsync(Patience);
        Assert.All(answers, answer => Assert.Equal(NotTaken, Only(answer.Result[0])));
        Assert.Equal(OutcomeKind.StoreUnavailable, (await committer.SubmitAsync(Pour()).WaitAsync(Patience)).Kind);
    }

    private static (OutcomeKind Kind, long Id, StoreFault Fault) Full => (OutcomeKind.StoreUnavailable, 0, StoreFault.DiskFull);

    private async Task GoOnAsync(TimeSpan by)
    {
        var until = Time.Now + by;
        await Eventually.HoldsAsync(() => Time.Now >= until, "the clock stands still");
    }

    private void Lose(string volume) =>
        Log.Decide = entry => Encoding.UTF8.GetString(entry).Contains(volume, StringComparison.Ordinal) ? Fate.Lost : Fate.Taken;

    /// <summary>Hands over two pours in two entries, and gives both answers.</summary>
    private async Task<(OutcomeKind, long, StoreFault)[]> TogetherAsync(SimulatedHub hub, PourBeer one, PourBeer other)
    {
        var seen = 0;
        var decide = Log.Decide;
        Log.Decide = entry =>
        {
            Interlocked.Increment(ref seen);
            return decide(entry);
        };
        var first = hub.Committer.SubmitAsync(one);
        await Eventually.HoldsAsync(() => Volatile.Read(ref seen) > 0, "the pour was not handed over");
        var second = hub.Committer.SubmitAsync(other);
        Log.Decide = decide;
        return [Only(await first.WaitAsync(Patience)), Only(await second.WaitAsync(Patience))];
    }
}
