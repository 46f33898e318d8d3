using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public abstract partial class BeerStoreContract
{
    [Fact]
    public void EveryFilterInEveryOrderGivesExactlyItsBeersAndCounts()
    {
        var model = FillWithThreeDays();
        foreach (var filter in Filters())
        {
            var expected = model.Matching(filter);
            Assert.Equal(expected, Store.List(filter, new PageCut(10_000)));
            Assert.Equal(expected.AsEnumerable().Reverse(), Store.List(filter, new PageCut(10_000, Descending: true)));
            Assert.True(expected.Count == Store.Count(filter), $"{filter}: {expected.Count} expected, {Store.Count(filter)} counted");
        }
    }

    [Fact]
    public void KeysAndNumbersWalkTheSamePages()
    {
        var model = FillWithThreeDays();
        foreach (var filter in Filters())
        {
            foreach (var descending in new[] { false, true })
            {
                var expected = descending ? model.Matching(filter).AsEnumerable().Reverse().ToList() : model.Matching(filter);
                var pages = expected.Chunk(17).ToList();
                long? after = null;
                for (var page = 0; page < pages.Count; page++)
                {
                    Assert.Equal(pages[page], Store.List(filter, new PageCut(17, descending, Skip: page * 17)));
                    Assert.Equal(pages[page], Store.List(filter, new PageCut(17, descending, after)));
                    after = pages[page][^1].Id;
                }

                Assert.Empty(Store.List(filter, new PageCut(17, descending, Skip: expected.Count)));
                if (after is not null) Assert.Empty(Store.List(filter, new PageCut(17, descending, after)));
            }
        }
    }

    [Fact]
    public void AKeyNeedNotBeABeerThatIsThere()
    {
        var beers = _under.Append(Pour(), Pour(), Pour(), Pour());
        _under.Delete(beers[1]);
        Assert.Equal([beers[2], beers[3]], Store.List(new BeerFilter(), new PageCut(10, AfterId: 2)));
        Assert.Equal([beers[0]], Store.List(new BeerFilter(), new PageCut(10, Descending: true, AfterId: 2)));
        Assert.Equal(3, Store.List(new BeerFilter(), new PageCut(10, AfterId: 0)).Count);
        Assert.Empty(Store.List(new BeerFilter(), new PageCut(10, AfterId: long.MaxValue)));
        Assert.Equal(3, Store.List(new BeerFilter(), new PageCut(10, Descending: true, AfterId: long.MaxValue)).Count);
        Assert.Empty(Store.List(new BeerFilter(), new PageCut(10, Descending: true, AfterId: 0)));
        Assert.Empty(Store.List(new BeerFilter(), new PageCut(10, Skip: int.MaxValue * 500L)));
    }

    [Fact]
    public void FromIsIncludedAndToIsNot()
    {
        var beers = _under.Append(Pour(at: Noon.AddMilliseconds(-1)), Pour(at: Noon), Pour(at: Noon.AddMilliseconds(1)));
        var (before, after) = (Noon.AddMilliseconds(-1), Noon.AddMilliseconds(1));
        Check(new BeerFilter(From: Noon), beers[1], beers[2]);
        Check(new BeerFilter(To: Noon), beers[0]);
        Check(new BeerFilter(From: Noon, To: after), beers[1]);
        Check(new BeerFilter(From: before, To: after), beers[0], beers[1]);
        Check(new BeerFilter(From: Noon, To: Noon));
        Check(new BeerFilter(From: after, To: before));

        void Check(BeerFilter filter, params Beer[] expected)
        {
            Assert.Equal(expected, Store.List(filter, new PageCut(10)));
            Assert.Equal(expected.Length, Store.Count(filter));
        }
    }

    [Fact]
    public void TheEndsOfTimeAreTimesLikeAnyOther()
    {
        _under.Append(Pour());
        foreach (var minutes in new[] { 0, 30 })
        {
            var (first, last) = (DateTime.MinValue.AddMinutes(minutes), DateTime.MaxValue.AddMinutes(-minutes));
            Check(new BeerFilter(From: first), 1);
            Check(new BeerFilter(To: first), 0);
            Check(new BeerFilter(From: last), 0);
            Check(new BeerFilter(To: last), 1);
            Check(new BeerFilter(From: first, To: last), 1);
            Check(new BeerFilter(To: DateTime.UnixEpoch.AddMinutes(-minutes)), 0);
        }

        void Check(BeerFilter filter, int expected)
        {
            Assert.Equal(expected, Store.Count(filter));
            Assert.Equal(expected, Store.List(filter, new PageCut(10)).Count);
        }
    }

    [Fact]
    public void BeersThatArriveLateAreListedByIdAndCountedByTheirTime()
    {
        var beers = _under.Append(Pour(at: Noon), Pour(at: Noon.AddHours(-30)), Pour(at: Noon.AddHours(2)), Pour(at: Noon.AddHours(-30).AddMinutes(1)));
        var old = new BeerFilter(From: Noon.AddDays(-2), To: Noon.AddDays(-1));
        Assert.Equal([beers[1], beers[3]], Store.List(old, new PageCut(10)));
        Assert.Equal(2, Store.Count(old));
        Assert.Equal(1, Store.Count(old with { From = Noon.AddHours(-30).AddSeconds(1) }));
    }

    /// <summary>Beers of 4 taps and 3 types around hour boundaries, some out of order, some deleted.</summary>
    private ModelStore FillWithThreeDays()
    {
        var model = new ModelStore();
        var random = new Random(20261121);
        for (var round = 0; round < 12; round++)
        {
            var batch = new LogBatch(_under.Head);
            for (var i = 0; i < 50; i++)
            {
                var pastTheHour = random.Next(4) switch { 0 => 0, 1 => -1, 2 => 1, _ => random.Next((int)Hours.Milliseconds) };
                var at = Noon.AddHours(random.Next(-36, 36)).AddMilliseconds(pastTheHour);
                batch.Pour(Pour(random.Next(1, 5), RandomTypes[random.Next(3)], random.Next(100, 1000), at));
            }

            foreach (var beer in model.Live.Where(_ => random.Next(10) == 0).ToList()) batch.Delete(beer, Noon);
            _under.Append(batch);
            model.Append(batch);
        }

        return model;
    }

    private static IEnumerable<BeerFilter> Filters() =>
        from type in new[] { null, "half", "stein", "bucket" }
        from tapId in new int?[] { null, 1, 4, 9 }
        from time in new (DateTime? From, DateTime? To)[]
        {
            (null, null), (Noon, null), (null, Noon), (Noon.AddHours(-5), Noon.AddHours(7)), (Noon.AddMinutes(-90), Noon.AddMinutes(61)),
            (Noon.AddMinutes(5), Noon.AddMinutes(25)), (Noon.AddMinutes(50), Noon.AddMinutes(70)),
            (Noon.AddDays(9), null), (null, Noon.AddDays(-9)),
        }
        select new BeerFilter(type, tapId, time.From, time.To);
}
