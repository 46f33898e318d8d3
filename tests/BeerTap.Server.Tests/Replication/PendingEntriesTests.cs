using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

public sealed class PendingEntriesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30), Second = TimeSpan.FromSeconds(1);

    private readonly SimulatedTime _time = new();
    private readonly PendingEntries _pending;

    public PendingEntriesTests() => _pending = new PendingEntries(most: 3, _time);

    [Fact]
    public void WhatComesOutOfTheLogTakesAlongWhatItOvertook()
    {
        for (var i = 1; i <= 4; i++) Add(i);
        var (own, overtaken) = _pending.Take(3);
        Assert.Equal(3, own!.Number);
        Assert.Equal([1L, 2], overtaken.Select(entry => entry.Number));
        Assert.Equal([4L], _pending.All().Select(entry => entry.Number));

        // Again, an older one, and one that nobody handed over.
        Assert.Equal((null, 0), (_pending.Take(3).Own, _pending.Take(3).Overtaken.Count));
        Assert.Null(_pending.Take(-1).Own);
        (own, overtaken) = _pending.Take(9);
        Assert.Null(own);
        Assert.Equal([4L], overtaken.Select(entry => entry.Number));
        Assert.True(_pending.IsEmpty);
    }

    [Fact]
    public void WhatTheStoreDidNotTakeHasNotComeThrough()
    {
        _time.Advance(Second);
        Add(1);
        _time.Advance(Second);
        Add(2);
        Assert.Equal(1, _pending.Take(1, applied: false).Own!.Number);
        Assert.Equal(0, _pending.CameThrough);
        _pending.Take(2);
        Assert.Equal(_time.GetTimestamp(), _pending.CameThrough);
    }

    [Fact]
    public void WhatIsTooLateIsGivenUpAndNoMore()
    {
        Add(1);
        _time.Advance(Second);
        Add(2);
        _time.Advance(Second);
        Assert.Empty(_pending.GiveUp(3 * Second));
        Assert.Equal([1L], _pending.GiveUp(2 * Second).Select(entry => entry.Number));
        Assert.Null(_pending.Take(1).Own);
        Assert.Equal([2L], _pending.GiveUp(TimeSpan.Zero).Select(entry => entry.Number));
        Assert.True(_pending.IsEmpty);
    }

    [Fact]
    public void TheLogIsProvenByWhatIsHeardAndDoubtedFromTheOldestThatIsNot()
    {
        _time.Advance(Second);
        Assert.Equal(Second, _pending.Unproven);
        Add(1);
        _pending.Heard(1);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (_pending.Unproven, _pending.SinceProof));

        // It is heard and not applied yet: that says nothing of the log.
        _time.Advance(Second);
        Assert.Equal((TimeSpan.Zero, Second), (_pending.Unproven, _pending.SinceProof));
        Add(2);
        _time.Advance(Second);
        Add(3);
        Assert.Equal(Second, _pending.Unproven);
        _pending.Heard(2);
        _time.Advance(Second);
        Assert.Equal(Second, _pending.Unproven);

        // Given up is not heard.
        _pending.GiveUp(TimeSpan.Zero);
        Assert.Equal(Second, _pending.Unproven);
        _pending.Heard(3);
        _pending.Doubt();
        _time.Advance(Second);
        _pending.Doubt();
        Assert.Equal(Second, _pending.Unproven);
    }

    [Theory]
    [InlineData("take")]
    [InlineData("overtake")]
    [InlineData("give up")]
    public async Task WhoWaitsForRoomGoesOnWhenThereIs(string how)
    {
        for (var i = 1; i <= 3; i++) Add(i);
        var waiting = WaitAsync(() => 9);
        Assert.False(waiting.IsCompleted);
        if (how == "take") _pending.Take(1);
        else if (how == "overtake") _pending.Take(3);
        else _pending.GiveUp(TimeSpan.Zero);
        await waiting.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("as many are ready")]
    [InlineData("none is on its way")]
    public async Task WhileOneIsOnItsWayTheNextWaitsUntilItHoldsAsMuch(string until)
    {
        Add(1, submissions: 2);
        var ready = 1;
        var waiting = WaitAsync(() => Volatile.Read(ref ready));
        Assert.False(waiting.IsCompleted);
        if (until == "as many are ready") Volatile.Write(ref ready, 2);
        else _pending.Take(1);
        await waiting.WaitAsync(Patience);

        // One of the hub's own, which holds nothing, keeps nobody waiting.
        Add(2);
        await WaitAsync(() => 1).WaitAsync(Patience);
    }

    [Fact]
    public async Task WhoWaitsForTheLastGoesOnWhenItIsGoneOrTheTimeIsUp()
    {
        Add(1);
        var waiting = Task.Factory.StartNew(() => _pending.WaitUntilEmpty(TimeSpan.FromHours(1)), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _pending.Take(1);
        await waiting.WaitAsync(Patience);

        Add(2);
        _pending.WaitUntilEmpty(TimeSpan.Zero);
        Assert.False(_pending.IsEmpty);
    }

    private Task WaitAsync(Func<int> ready) => Task.Factory.StartNew(() => _pending.WaitForTurn(ready), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Add(long number, int submissions = 0) => _pending.Add(
        new PendingEntry(new LogEntry("testtest", "own", number, [Pour()]), [.. Enumerable.Range(0, submissions).Select(_ => new SingleSubmission(Pour()))], null, _time.GetTimestamp()));
}
