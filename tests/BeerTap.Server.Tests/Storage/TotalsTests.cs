using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public sealed class TotalsTests
{
    [Fact]
    public void TotalsBeginWithWhatIsStored()
    {
        var totals = new Totals(6,
        [
            new StoredTotal(2, "pint", 3, 15_000_000, Noon),
            new StoredTotal(1, "half", 0, 0, Noon.AddHours(1)),
            new StoredTotal(2, "half", 1, 2_000_000, Noon.AddDays(-1)),
        ]);

        Assert.Equal((6L, 4L, 5L), totals.Counts());
        Assert.Equal([1, 2], totals.Page(0, 10).Taps.Select(tap => tap.TapId));
        Assert.Equal(1700, totals.Find(2)!.TotalVolume);
        Assert.Equal(Noon, totals.Find(2)!.LastPour);
        Assert.Equal(Noon.AddHours(1), totals.Find(1)!.LastPour);
        Assert.Null(totals.Find(3));
    }

    [Fact]
    public void EachFilterHasItsCount()
    {
        var totals = new Totals(0, []);
        var batch = new LogBatch(0);
        foreach (var (tap, type) in new[] { (1, "pint"), (1, "pint"), (1, "half"), (2, "pint") }) batch.Pour(Pour(tap, type));
        totals.Apply(batch);

        Assert.Equal(4, totals.Count(null, null));
        Assert.Equal(3, totals.Count("pint", null));
        Assert.Equal(3, totals.Count(null, 1));
        Assert.Equal(2, totals.Count("pint", 1));
        Assert.Equal(0, totals.Count("stein", 1));
        Assert.Equal(0, totals.Count("stein", null));
        Assert.Equal(0, totals.Count(null, 9));
        Assert.True(totals.Knows("half"));
        Assert.False(totals.Knows("stein"));
    }

    [Fact]
    public void ADeletionTakesAwayWhatThePourAddedButNotWhenItWas()
    {
        var totals = new Totals(0, []);
        var batch = new LogBatch(0);
        var beer = batch.Pour(Pour(1, volume: 333.3333, at: Noon.AddHours(1)));
        batch.Pour(Pour(1, volume: 400.1, at: Noon));
        totals.Apply(batch);
        var deletion = new LogBatch(batch.Head);
        deletion.Delete(beer, Noon.AddHours(5));
        totals.Apply(deletion);

        var tap = totals.Find(1)!;
        Assert.Equal((1L, 400.1), (tap.Beers, tap.TotalVolume));
        Assert.Equal(Noon, tap.LastPour);
        Assert.Equal((3L, 1L, 2L), totals.Counts());
    }

    [Fact]
    public void VolumesLeaveNoRoundingBehind()
    {
        var totals = new Totals(0, []);
        var random = new Random(1);
        var pours = new LogBatch(0);
        var beers = Enumerable.Range(0, 10_000).Select(_ => pours.Pour(Pour(volume: 100 + random.NextDouble() * 900))).ToList();
        totals.Apply(pours);
        var deletions = new LogBatch(pours.Head);
        foreach (var beer in beers) deletions.Delete(beer, Noon);
        totals.Apply(deletions);
        Assert.Equal(0, totals.Find(1)!.TotalVolume);
    }

    [Fact]
    public void TheTopIsTheTapsWithTheMostBeersAndTheRestIsOneSum()
    {
        var random = new Random(20261121);
        var totals = new Totals(0, []);
        var (head, live) = (0L, new List<Beer>());
        for (var round = 0; round < 300; round++)
        {
            var batch = new LogBatch(head);
            if (live.Count > 0 && random.Next(3) == 0)
            {
                var beer = live[random.Next(live.Count)];
                live.Remove(beer);
                batch.Delete(beer, Noon);
            }
            else
            {
                live.Add(batch.Pour(Pour(tapId: random.Next(1, 12), volume: random.Next(100, 1000))));
            }

            totals.Apply(batch);
            head = batch.Head;
            var ranked = live.GroupBy(beer => beer.TapId).OrderByDescending(tap => tap.Count()).ThenBy(tap => tap.Key).ToList();
            var top = totals.Top(4);
            Assert.Equal(ranked.Take(4).Select(tap => (tap.Key, (long)tap.Count())), top.Taps.Select(tap => (tap.TapId, tap.Beers)));
            Assert.Equal((head, live.Count), (top.Head, top.Beers));
            Assert.Equal(
                (Math.Max(0, ranked.Count - 4), ranked.Skip(4).Sum(tap => (long)tap.Count()), ranked.Skip(4).Sum(tap => Units.FromMillilitres(tap.Sum(beer => beer.Volume)))),
                (top.OtherTaps, top.OtherBeers, top.OtherUnits));
        }
    }

    [Fact]
    public void APageStaysAsItWas()
    {
        var totals = new Totals(0, []);
        var before = totals.Page(0, 10);
        var batch = new LogBatch(0);
        batch.Pour(Pour(1));
        totals.Apply(batch);
        var between = totals.Page(0, 10);
        var next = new LogBatch(1);
        next.Pour(Pour(1));
        totals.Apply(next);

        Assert.Empty(before.Taps);
        Assert.Equal((1L, 1L), (between.Head, Assert.Single(between.Taps).Beers));
        Assert.Equal(2, Assert.Single(totals.Page(0, 10).Taps).Beers);
    }

    [Fact]
    public void PagesOfTapsAreInTheOrderOfTheirIdsAndLeaveNoneOut()
    {
        var random = new Random(20261130);
        var totals = new Totals(0, []);
        var batch = new LogBatch(0);
        var ids = Enumerable.Range(0, 500).Select(_ => random.Next(1, 2_000)).Append(int.MaxValue).ToList();
        ids.ForEach(id => batch.Pour(Pour(id)));
        totals.Apply(batch);

        var read = new List<int>();
        for (var page = totals.Page(0, 7); page.Taps.Count > 0; page = totals.Page(read[^1], 7))
        {
            read.AddRange(page.Taps.Select(tap => tap.TapId));
        }

        Assert.Equal(ids.Distinct().Order(), read);
        Assert.Equal(read.Count, totals.Taps);
    }
}
