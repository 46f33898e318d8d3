using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Faults;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public abstract partial class BeerStoreContract
{
    private static readonly string[] RandomTypes = ["half", "pint", "stein", "Maß"];

    /// <summary><c>BEERTAP_TEST_SEED</c> repeats a run, <c>BEERTAP_TEST_BATCHES</c> makes it longer.</summary>
    [Fact]
    public void RandomBatchesAnswerLikeASimpleModel()
    {
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        var batches = Setup.Number("BEERTAP_TEST_BATCHES", 60);
        try
        {
            RunAgainstModel(new Random(seed), batches);
        }
        catch (Exception fault)
        {
            throw new InvalidOperationException($"Repeat this with BEERTAP_TEST_SEED={seed}: {fault.Message}", fault);
        }
    }

    private void RunAgainstModel(Random random, int batches)
    {
        var model = new ModelStore();
        for (var round = 0; round < batches; round++)
        {
            var batch = RandomBatch(random, model);
            if (random.Next(8) == 0) FailInstead(batch);
            _under.Append(batch);
            model.Append(batch);

            for (var i = 0; i < 6; i++)
            {
                var filter = RandomFilter(random);
                var cut = new PageCut(
                    random.Next(1, 40),
                    random.Next(2) == 0,
                    random.Next(3) == 0 ? random.NextInt64(_under.Head + 2) : null,
                    random.Next(3) == 0 ? random.Next(60) : 0);
                Assert.Equal(model.List(filter, cut), Store.List(filter, cut));
                Assert.Equal(model.Matching(filter).Count, Store.Count(filter));
                AssertSums(model, filter.From ?? DateTime.MinValue);
            }

            var after = random.Next(model.Log.Count + 1);
            var limit = random.Next(1, 80);
            Assert.Equal(model.Log.Skip(after).Take(limit), Store.ReadLog(after, limit));
            var id = random.NextInt64(_under.Head + 2);
            Assert.Equal(model.Live.FirstOrDefault(beer => beer.Id == id), Store.Find(id));
            if (random.Next(10) == 0) _under.Reopen();
        }

        var last = _under.Reopen();
        Assert.Equal(model.Log.Count, last.Head);
        Assert.Equal(model.Log, last.ReadLog(0, int.MaxValue));
        Assert.All(model.Pours, pour => Assert.Equal(pour.Value, last.FindPour(pour.Key.TapId, pour.Key.PourId)));
        Assert.Equal(model.Totals(), last.ReadTotals().OrderBy(total => total.TapId).ThenBy(total => total.Type, StringComparer.Ordinal));
    }

    private void AssertSums(ModelStore model, DateTime from)
    {
        var (expected, sums) = (model.Sum(from), Store.Sum(from));
        Assert.Equal(expected.Head, sums.Head);
        Assert.Equal(expected.Types, sums.Types.Where(type => type.Beers > 0).OrderBy(type => type.Type, StringComparer.Ordinal));
        Assert.All(sums.Types.Where(type => type.Beers == 0), type => Assert.Equal(0, type.Units));
    }

    private LogBatch RandomBatch(Random random, ModelStore model)
    {
        var batch = new LogBatch(_under.Head);
        var live = model.Live.ToList();
        for (var i = random.Next(1, 40); i > 0; i--)
        {
            if (live.Count > 0 && random.Next(3) == 0)
            {
                var at = random.Next(live.Count);
                batch.Delete(live[at], RandomTime(random));
                live.RemoveAt(at);
                continue;
            }

            var pourId = random.Next(3) switch
            {
                0 => $"{i} of {_under.Head}",
                1 => $"{random.NextInt64():x16}{random.NextInt64():x16}",
                _ => null,
            };
            var volume = 100 + random.NextDouble() * 900;
            live.Add(batch.Pour(Pour(random.Next(1, 6), RandomTypes[random.Next(4)], volume, RandomTime(random), pourId)));
        }

        return batch;
    }

    /// <summary>Appends the batch with one thing more that no store can take.</summary>
    private void FailInstead(LogBatch sound)
    {
        var poison = new LogBatch(sound.Start);
        var beer = poison.Pour(Pour(1, "poison", pourId: "poison"));
        foreach (var deletion in sound.Events.OfType<BeerDeleted>().Where(deletion => deletion.Beer.Id <= sound.Start))
            poison.Delete(deletion.Beer, deletion.Timestamp);
        poison.Events.Add(new BeerPoured(beer));
        Assert.Throws<StoreException>(() => Store.Append(poison));
    }

    private static BeerFilter RandomFilter(Random random)
    {
        var (from, to) = (RandomTime(random), RandomTime(random));
        return new BeerFilter(
            random.Next(2) == 0 ? RandomTypes[random.Next(4)] : null,
            random.Next(2) == 0 ? random.Next(1, 6) : null,
            random.Next(2) == 0 ? from : null,
            random.Next(2) == 0 ? to : null);
    }

    private static DateTime RandomTime(Random random) =>
        Noon.AddHours(random.Next(6)).AddMilliseconds(random.Next(4) switch { 0 => 0, 1 => -1, _ => random.Next((int)Hours.Milliseconds) });
}
