using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed class PausesTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(15), Patience = TimeSpan.FromSeconds(5);

    private readonly ManualClock _clock = new();
    private readonly HubSighting _hub = new();

    [Fact]
    public async Task NewsOfTheHubEndsAWaitButNotAllWaitsInTheSameMoment()
    {
        var waits = Enumerable.Range(0, 100).Select(seed => new Pauses(_hub, new Random(seed), _clock).WaitAsync(new Pause(Long, Asked: false), default)).ToList();
        _hub.Reached(_clock.GetTimestamp());
        await Until.TrueAsync(() => _clock.Timers == waits.Count && _clock.LastIn < Pauses.Spread, "all have heard");
        var back = new List<int>();
        for (var tenth = 0; tenth < 10; tenth++)
        {
            _clock.Advance(Pauses.Spread / 10);
            await Until.TrueAsync(() => waits.Count(wait => wait.IsCompleted) == waits.Count - _clock.Timers, "those whose time has come go");
            back.Add(waits.Count(wait => wait.IsCompleted));
        }

        Assert.Equal(100, back[^1]);
        Assert.All(back.Zip(back.Skip(1)), step => Assert.InRange(step.Second - step.First, 1, 30));
    }

    [Fact]
    public async Task AShortWaitIsNeverMadeLonger()
    {
        var wait = new Pauses(_hub, new Random(1), _clock).WaitAsync(new Pause(TimeSpan.FromMilliseconds(1), Asked: false), default);
        _hub.Reached(_clock.GetTimestamp());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await Until.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.Zero);
            return wait.IsCompleted;
        }, "the wait is over");
    }

    [Fact]
    public async Task WhatTheHubAskedForIsKept()
    {
        var wait = new Pauses(_hub, new Random(1), _clock).WaitAsync(new Pause(Long, Asked: true), default);
        _hub.Reached(_clock.GetTimestamp());
        _clock.Advance(Long - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _clock.Timers);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await wait.WaitAsync(Patience);
    }

    [Fact]
    public async Task AnAnswerToSomethingSentBeforeTheTroubleIsNoNews()
    {
        var sentAt = _clock.GetTimestamp();
        _clock.Advance(TimeSpan.FromSeconds(1));
        using var over = new CancellationTokenSource();
        var seen = _hub.SeenSinceAsync(_clock.GetTimestamp(), over.Token);
        _hub.Reached(sentAt);
        Assert.False(seen.IsCompleted);
        await Until.TrueAsync(() =>
        {
            _hub.Reached(_clock.GetTimestamp());
            return seen.IsCompleted;
        }, "the next is news");
    }

    [Fact]
    public async Task WhoFailsThoughOthersGetThroughIsNotHurriedAgainSoon()
    {
        var pauses = new Pauses(_hub, new Random(1), _clock);
        var first = pauses.WaitAsync(new Pause(Long, Asked: false), default);
        _hub.Reached(_clock.GetTimestamp());
        await Until.TrueAsync(() => _clock.LastIn < Pauses.Spread, "it has heard");
        _clock.Advance(Pauses.Spread);
        await first.WaitAsync(Patience);

        var second = pauses.WaitAsync(new Pause(Long, Asked: false), default);
        _hub.Reached(_clock.GetTimestamp());
        Assert.Equal(Long, _clock.LastIn);
        _clock.Advance(Long);
        await second.WaitAsync(Patience);
    }
}
