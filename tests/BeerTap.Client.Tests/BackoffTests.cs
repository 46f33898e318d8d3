namespace BeerTap.Client.Tests;

public sealed class BackoffTests
{
    [Fact]
    public void WaitsGrowFromAQuarterSecondToFifteenSecondsAndNoFurther()
    {
        var ceilings = Enumerable.Range(0, 12).Select(tries => Enumerable.Range(0, 300).Max(seed => Waits(seed, tries + 1)[tries])).ToList();
        Assert.InRange(ceilings[0], TimeSpan.FromMilliseconds(200), Backoff.First);
        Assert.InRange(ceilings[1], TimeSpan.FromMilliseconds(400), Backoff.First * 2);
        Assert.InRange(ceilings[^1], TimeSpan.FromSeconds(14), Backoff.Cap);
    }

    [Fact]
    public void JitterIsFullSoThatTapsDoNotComeBackTogether() =>
        Assert.True(Enumerable.Range(0, 300).Min(seed => Waits(seed, 10)[9]) < TimeSpan.FromSeconds(1));

    [Fact]
    public void AfterAResetWaitsAreShortAgain()
    {
        var backoff = new Backoff(new Random(1));
        for (var i = 0; i < 20; i++) backoff.Next();
        backoff.Reset();
        Assert.True(backoff.Next() <= Backoff.First);
    }

    [Theory]
    [InlineData(-5, 0, 0)]
    [InlineData(2, 2, 2.4)]
    [InlineData(60, 60, 61)]
    [InlineData(1e9, 3600, 3601)]
    public void WhatTheHubAskedForIsKeptAndSpreadALittle(double asked, double least, double most)
    {
        var backoff = new Backoff(new Random(1));
        Assert.All(Enumerable.Range(0, 100), _ => Assert.InRange(backoff.AtLeast(TimeSpan.FromSeconds(asked)).TotalSeconds, least, most));
    }

    private static List<TimeSpan> Waits(int seed, int tries)
    {
        var backoff = new Backoff(new Random(seed));
        return [.. Enumerable.Range(0, tries).Select(_ => backoff.Next())];
    }

    [Fact]
    public void WhoWasSentAwayWithManySpreadsOverASecond()
    {
        var waits = Enumerable.Range(0, 200).Select(seed =>
        {
            var backoff = new Backoff(new Random(seed));
            backoff.Widen();
            return backoff.Next();
        }).ToList();
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.InRange(waits.Count(wait => wait < Backoff.First), 20, 80);
    }
}
