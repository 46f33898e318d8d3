using BeerTap.Client.Tests.Fakes;
using BeerTap.Client.Watch;

namespace BeerTap.Client.Tests.Watch;

public sealed class TapBoardTests
{
    private readonly ManualClock _clock = new();
    private readonly TapBoard _board;

    public TapBoardTests() => _board = new TapBoard(_clock);

    [Fact]
    public void TheHubsListHasTheSumsAndTheFeedTheLastPours()
    {
        _board.List([new Tap(1, true, 4, 2000m, 40m), new Tap(2, false, 6, 3000m, 60m)]);
        Pour(tap: 2, beer: 9);
        Pour(tap: 2, beer: 10);
        var house = _board.Now();
        Assert.Equal([(1, true, 4), (2, false, 6)], house.Taps.Select(tap => (tap.Id, tap.Connected!.Value, tap.Beers)));
        Assert.Equal([10L, 9L], house.Pours.Select(pour => pour.Beer.Id));
        Assert.Equal((null, 10L), (house.Taps[0].Last, house.Taps[1].Last!.Beer.Id));
        Assert.Equal((10, 5000m, null), (house.Beers, house.Volume, house.Others));
    }

    [Fact]
    public void WithoutTheListShareReportsStandInWithTheirOthers()
    {
        var report = new ShareReport(10, [new TapShare(7, 6, 60m, 3000m)], new OtherShares(3, 4, 40m, 2000m));
        _board.Heard(new FeedEvent(FeedEvent.ShareReport, "a-10", Report: report));
        var house = _board.Now();
        Assert.Equal((7, null, 60m), (house.Taps[0].Id, house.Taps[0].Connected, house.Taps[0].Share));
        Assert.Equal((3, 10L, 5000m), (house.Others!.Taps, house.Beers, house.Volume));
    }

    [Fact]
    public void ARateIsOfTheLastSecondsAndFallsToZero()
    {
        _board.List([new Tap(1, true, 4, 2000m, 100m)]);
        for (var second = 0; second < 20; second++)
        {
            Pour(tap: 1, beer: second);
            Pour(tap: 1, beer: second);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((2.0, 2.0), (_board.Now().Rate, _board.Now().Taps[0].Rate));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.InRange(_board.Now().Rate, 0.8, 1.0);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, _board.Now().Rate);
    }

    [Fact]
    public void ARateOfAYoungBoardIsOfTheSecondsItHasSeen()
    {
        Pour(tap: 1, beer: 1);
        Assert.Equal(0, _board.Now().Rate);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Pour(tap: 1, beer: 2);
        Assert.Equal(1, _board.Now().Rate);
    }

    [Fact]
    public void TheLineNamesTheLeadingTapsAndSumsTheOthers()
    {
        _board.List([.. Enumerable.Range(1, 8).Select(tap => new Tap(tap, true, tap, tap * 500m, tap))]);
        Pour(tap: 3, beer: 9);
        Assert.Equal(
            "8 taps, 36 beers, 0.0/s: tap 4 4.00% (4) 0.0/s, tap 5 5.00% (5) 0.0/s, tap 6 6.00% (6) 0.0/s, tap 7 7.00% (7) 0.0/s, tap 8 8.00% (8) 0.0/s, "
            + "3 others 6.00% (6); last: tap 3 pint 500.0 ml (beer 9)",
            WatchLine.Of(_board.Now()));
    }

    private void Pour(int tap, int beer) =>
        _board.Heard(new FeedEvent(FeedEvent.BeerPoured, $"a-{beer}", Beer: new Beer(beer, "pint", 500m, DateTimeOffset.UnixEpoch, tap)));
}
