using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

/// <summary>What every <see cref="IBeerStore"/> must do, whatever keeps its data.</summary>
public abstract partial class BeerStoreContract : IDisposable
{
    private readonly StoreUnderTest _under;

    protected BeerStoreContract() => _under = new StoreUnderTest(folder => (IBeerStore)Open(folder));

    private IBeerStore Store => _under.Store;

    [Fact]
    public void ANewStoreIsEmptyAndHasAShortName()
    {
        Assert.Matches("^[a-z2-9]{8}$", Store.Epoch);
        Assert.Equal(0, Store.Head);
        Assert.Empty(Store.ReadTotals());
        Assert.Empty(Store.ReadLog(0, 10));
        Assert.Empty(Store.List(new BeerFilter(), new PageCut(10)));
        Assert.Empty(Store.List(new BeerFilter("pint", 1), new PageCut(10)));
        Assert.Equal(0, Store.Count(new BeerFilter(From: Noon)));
        Assert.Null(Store.Find(1));
        Assert.Null(Store.FindPour(1, "a"));
    }

    [Fact]
    public void TwoStoresHaveDifferentNames()
    {
        using var other = new StoreUnderTest(folder => (IBeerStore)Open(folder));
        Assert.NotEqual(other.Store.Epoch, Store.Epoch);
    }

    [Fact]
    public void WhatIsAppendedIsReadBack()
    {
        var at = Noon.AddMilliseconds(1234);
        var beer = _under.Append(Pour(7, "stein", 876.5, at, "a pour"))[0];
        Assert.Equal(new Beer(1, "stein", 876.5, at, 7), beer);
        Assert.Equal(beer, Store.Find(1));
        Assert.Equal(beer, Store.FindPour(7, "a pour"));
        Assert.Equal([beer], Store.List(new BeerFilter(), new PageCut(10)));
        Assert.Equal([new BeerPoured(beer)], Store.ReadLog(0, 10));
        Assert.Equal([new StoredTotal(7, "stein", 1, 8_765_000, at)], Store.ReadTotals());
        Assert.Equal(DateTimeKind.Utc, Store.Find(1)!.Timestamp.Kind);
    }

    [Fact]
    public void ATimeThatWasOnlyClaimedIsReadBackWhereverTheBeerIs()
    {
        var claimed = new DateTime(9999, 12, 31, 23, 59, 59, 999, DateTimeKind.Utc);
        var early = new DateTime(1, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var beers = _under.Append(Pour(7, pourId: "late") with { Claimed = claimed }, Pour(7, pourId: "none"), Pour(7, pourId: "early") with { Claimed = early });
        _under.Delete(beers[2]);
        _under.Reopen();
        DateTime?[] times = [claimed, null, early];
        Assert.Equal(times, Store.ReadLog(0, 3).Select(entry => ((BeerPoured)entry).Beer.PouredAtClaimed));
        Assert.Equal(early, ((BeerDeleted)Store.ReadLog(3, 1)[0]).Beer.PouredAtClaimed);
        Assert.Equal(times[..2], Store.List(new BeerFilter(TapId: 7), new PageCut(10)).Select(beer => beer.PouredAtClaimed));
        Assert.Equal(claimed, Store.Find(1)!.PouredAtClaimed);
        Assert.Equal(early, Store.FindPour(7, "early")!.PouredAtClaimed);
    }

    [Fact]
    public void TheLastPourOfATapIsItsNewestAlsoAfterAClockThatWasAhead()
    {
        _under.Append(Pour(at: Noon.AddYears(4)));
        _under.Append(Pour(at: Noon));
        for (var opened = 0; opened < 2; opened++)
        {
            Assert.Equal(Noon, Store.ReadTotals()[0].LastPour);
            _under.Reopen();
        }
    }

    /// <summary>A row that fills more than a page of its own is read in another way, where the file is and no log is before it.</summary>
    [Theory]
    [InlineData(1_500)]
    [InlineData(4_096)]
    [InlineData(20_000)]
    public void ALongBookmarkIsKeptToo(int length)
    {
        var bookmark = new byte[length];
        new Random(length).NextBytes(bookmark);
        var batch = new LogBatch(0) { Bookmark = bookmark };
        batch.Pour(Pour());
        _under.Append(batch);
        Assert.Equal(bookmark, _under.Reopen().Bookmark);
    }

    [Fact]
    public void ABookmarkIsKeptWithItsBatch()
    {
        Assert.Null(Store.Bookmark);
        var batch = new LogBatch(0) { Bookmark = [1, 2, 3] };
        batch.Pour(Pour());
        _under.Append(batch);
        _under.Append(Pour());
        Assert.Equal([1, 2, 3], _under.Reopen().Bookmark);

        batch = new LogBatch(2) { Bookmark = [4] };
        batch.Pour(Pour());
        _under.Append(batch);
        Assert.Equal([4], _under.Reopen().Bookmark);

        _under.Append(new LogBatch(3) { Bookmark = [5], KeepsBookmarkAlone = true });
        Assert.Equal([5], _under.Reopen().Bookmark);
        Assert.Equal(3, Store.Head);
        Assert.Equal(3, Store.ReadLog(0, 10).Count);
    }

    [Fact]
    public void EverythingSurvivesAReopening()
    {
        var epoch = Store.Epoch;
        var beers = _under.Append(Pour(1, pourId: "a"), Pour(2, "half", 200), Pour(1, volume: 600));
        _under.Delete(beers[1]);

        var again = _under.Reopen();
        Assert.Equal(epoch, again.Epoch);
        Assert.Equal(4, again.Head);
        Assert.Equal([beers[0], beers[2]], again.List(new BeerFilter(), new PageCut(10)));
        Assert.Equal(beers[0], again.FindPour(1, "a"));
        Assert.Equal(
            [new StoredTotal(1, "pint", 2, 11_000_000, Noon), new StoredTotal(2, "half", 0, 0, Noon)],
            again.ReadTotals().OrderBy(total => total.TapId));

        var next = _under.Append(Pour(3))[0];
        Assert.Equal(5, next.Id);
        Assert.Equal(5, _under.Reopen().Head);
    }

    [Fact]
    public void TheLogIsReadInPagesWithoutGaps()
    {
        for (var i = 0; i < 10; i++) _under.Append(Pour(1), Pour(2), Pour(3));
        var seen = new List<long>();
        while (Store.ReadLog(seen.LastOrDefault(), 7) is { Count: > 0 } page) seen.AddRange(page.Select(entry => entry.Seq));
        Assert.Equal(Enumerable.Range(1, 30).Select(seq => (long)seq), seen);
        Assert.Equal([30L], Store.ReadLog(29, 1000).Select(entry => entry.Seq));
        Assert.Empty(Store.ReadLog(30, 10));
        Assert.Empty(Store.ReadLog(long.MaxValue, 10));
    }

    [Fact]
    public void ADeletedBeerLeavesListsAndCountsButNotTheLog()
    {
        var beers = _under.Append(Pour(1), Pour(1), Pour(2, pourId: "x"));
        _under.Delete(beers[0], beers[2]);

        Assert.Null(Store.Find(1));
        Assert.Null(Store.Find(3));
        Assert.Null(Store.Find(4));
        foreach (var filter in new BeerFilter[] { new(), new("pint"), new(TapId: 1), new("pint", 1), new(From: Noon), new("pint", 1, Noon, Noon.AddHours(1)) })
            Assert.Equal([beers[1]], Store.List(filter, new PageCut(10)));
        Assert.Empty(Store.List(new BeerFilter(TapId: 2), new PageCut(10)));
        Assert.Equal(1, Store.Count(new BeerFilter(From: Noon)));
        Assert.Equal(1, Store.Count(new BeerFilter(From: Noon.AddMinutes(-1), To: Noon.AddMinutes(1))));

        Assert.Equal(
            [new BeerPoured(beers[0]), new BeerPoured(beers[1]), new BeerPoured(beers[2]), Deletion(4, beers[0]), Deletion(5, beers[2])],
            Store.ReadLog(0, 10));
        Assert.Equal(beers[2], Store.FindPour(2, "x"));
    }

    [Fact]
    public void ABeerPouredAndDeletedInOneBatchIsOnlyInTheLog()
    {
        var batch = new LogBatch(0);
        var beer = batch.Pour(Pour(1, pourId: "gone"));
        batch.Delete(beer, Noon.AddDays(1));
        _under.Append(batch);

        Assert.Equal([new BeerPoured(beer), Deletion(2, beer)], Store.ReadLog(0, 10));
        Assert.Null(Store.Find(1));
        Assert.Empty(Store.List(new BeerFilter(TapId: 1), new PageCut(10)));
        Assert.Equal(0, Store.Count(new BeerFilter(From: Noon.AddHours(-1))));
        Assert.Equal(beer, Store.FindPour(1, "gone"));
        Assert.Equal([new StoredTotal(1, "pint", 0, 0, Noon)], Store.ReadTotals());
    }

    [Theory]
    [InlineData(330.123456789), InlineData(100.0001), InlineData(100), InlineData(999.9999999999999), InlineData(0.1 + 0.2 + 300), InlineData(500.00005)]
    public void AVolumeComesBackAsTheVeryNumberThatWasPosted(double volume)
    {
        _under.Append(Pour(volume: volume));
        Assert.Equal(BitConverter.DoubleToInt64Bits(volume), BitConverter.DoubleToInt64Bits(_under.Reopen().Find(1)!.Volume));
    }

    [Fact]
    public void PourIdsThatDifferInAnythingAreDifferentPours()
    {
        string[] pourIds =
        [
            "a", "A", "a ", "ä", "a\u0308", "🍺", "\ud83c", "0", "00", "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF",
            "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcde", new string('ÿ', 64), new string('ÿ', 63),
        ];
        _under.Append(Array.ConvertAll(pourIds, pourId => Pour(1, pourId: pourId)));
        _under.Append(Array.ConvertAll(pourIds, pourId => Pour(2, pourId: pourId)));
        for (var i = 0; i < pourIds.Length; i++)
        {
            Assert.Equal(i + 1, Store.FindPour(1, pourIds[i])!.Id);
            Assert.Equal(pourIds.Length + i + 1, Store.FindPour(2, pourIds[i])!.Id);
            Assert.Null(Store.FindPour(3, pourIds[i]));
        }
    }

    [Fact]
    public void ManyTapsAndTypesAreKeptApart()
    {
        var taps = Enumerable.Range(1, 300).Append(int.MaxValue).ToList();
        foreach (var tap in taps)
            _under.Append([.. Enumerable.Range(0, 12).Select(i => Pour(tap, $"glass {i}", 100 + i))]);

        var again = _under.Reopen();
        Assert.Equal(taps.Count * 12, again.ReadTotals().Count);
        Assert.Equal(12, again.List(new BeerFilter(TapId: int.MaxValue), new PageCut(500)).Count);
        Assert.Equal(taps, again.List(new BeerFilter("glass 11"), new PageCut(500)).Select(beer => beer.TapId));
        Assert.Equal(111, Assert.Single(again.List(new BeerFilter("glass 11", 256), new PageCut(500))).Volume);
        Assert.Equal(taps.Count, again.Count(new BeerFilter("glass 3", From: Noon, To: Noon.AddHours(1))));
    }

    public void Dispose()
    {
        _under.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the store; an <see cref="IBeerStore"/>, which only this assembly knows.</summary>
    protected abstract object Open(object folder);

    private static BeerDeleted Deletion(long seq, Beer beer) => new(seq, beer, Noon.AddDays(1));
}
