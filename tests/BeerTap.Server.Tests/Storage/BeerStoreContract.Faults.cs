using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public abstract partial class BeerStoreContract
{
    /// <summary>Lets the closed store in a folder look as if a newer hub had made it; gives the file that must not change.</summary>
    protected abstract string MakeNewer(string folder);

    [Fact]
    public void ABatchThatFailsLeavesNothingBehindAndTheStoreUsable()
    {
        var beers = _under.Append(Pour(1, pourId: "a"), Pour(1), Pour(2));
        _under.Delete(beers[1]);

        // Its last pour has an id that is taken, which the sequencer would have seen; all before it is sound.
        var batch = new LogBatch(_under.Head);
        for (var i = 0; i < 200; i++) batch.Pour(Pour(i + 1, $"new glass {i % 5}", pourId: $"new {i}"));
        batch.Delete(beers[2], Noon);
        batch.Pour(Pour(1, pourId: "a"));
        Assert.Throws<StoreException>(() => Store.Append(batch));
        CheckThatOnlyTheFirstBeersAreThere();

        var next = _under.Append(Pour(3, "new glass 1", pourId: "new 0"))[0];
        Assert.Equal(5, next.Id);
        Assert.Equal(next, Store.FindPour(3, "new 0"));
        Assert.Equal([next], _under.Reopen().List(new BeerFilter("new glass 1"), new PageCut(10)));

        void CheckThatOnlyTheFirstBeersAreThere()
        {
            Assert.Equal(4, Store.ReadLog(0, 1000).Count);
            Assert.Equal([beers[0], beers[2]], Store.List(new BeerFilter(), new PageCut(1000)));
            Assert.Empty(Store.List(new BeerFilter("new glass 1"), new PageCut(1000)));
            Assert.Null(Store.FindPour(1, "new 0"));
            Assert.Equal(2, Store.Count(new BeerFilter(From: Noon)));
            Assert.Equal(
                [new StoredTotal(1, "pint", 1, 5_000_000, Noon), new StoredTotal(2, "pint", 1, 5_000_000, Noon)],
                Store.ReadTotals().OrderBy(total => total.TapId));
        }
    }

    [Fact]
    public void APositionIsNeverTakenTwice()
    {
        var first = _under.Append(Pour(1))[0];
        var again = new LogBatch(0);
        again.Pour(Pour(2));
        Assert.Throws<StoreException>(() => Store.Append(again));
        Assert.Equal([first], Store.List(new BeerFilter(), new PageCut(10)));
        Assert.Equal(2, _under.Append(Pour(3))[0].Id);
    }

    [Fact]
    public void AHugeBatchIsOneBatch()
    {
        _under.Append([.. Enumerable.Range(0, 5_000).Select(i => Pour(i % 50 + 1, pourId: i % 2 == 0 ? $"{i}" : null))]);
        Assert.Equal(5_000, Store.Count(new BeerFilter(From: Noon)));
        Assert.Equal(2_999, Store.FindPour(2_998 % 50 + 1, "2998")!.Id);
        Assert.Equal(5_000, _under.Reopen().Head);
    }

    [Fact]
    public async Task ReadersSeeWholeCommittedBatchesWhileOthersAreAppended()
    {
        const int Batches = 60, Size = 7;
        _ = Store.Head;
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(reader => Task.Run(() =>
        {
            var (reads, seen) = (0, 0);
            do
            {
                var beers = reader % 2 == 0
                    ? Store.ReadLog(0, 1000).Select(entry => entry.Seq).ToList()
                    : Store.List(new BeerFilter(), new PageCut(1000)).Select(beer => beer.Id).ToList();
                Assert.Equal(0, beers.Count % Size);
                Assert.Equal(Enumerable.Range(1, beers.Count).Select(id => (long)id), beers);
                Assert.True(beers.Count >= seen, $"{seen} were seen before, now {beers.Count}");
                (reads, seen) = (reads + 1, beers.Count);
            }
            while (!stop.IsCancellationRequested);
            return (reads, seen);
        })).ToList();

        for (var i = 0; i < Batches; i++) _under.Append([.. Enumerable.Range(1, Size).Select(tap => Pour(tap))]);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(readers), reader => Assert.InRange(reader.reads, 1, int.MaxValue));
        Assert.Equal(Batches * Size, Store.ReadLog(0, 1000).Count);
    }

    [Fact]
    public void ASecondHubOnTheSameFolderIsRefused()
    {
        _under.Append(Pour());
        var fault = Assert.Throws<StoreException>(() => _under.OpenIn(_under.Folder));
        Assert.Contains("held by another hub", fault.Message, StringComparison.Ordinal);
        Assert.Equal(2, _under.Append(Pour())[0].Id);
    }

    [Fact]
    public void AClosedStoreSaysSo()
    {
        var store = Store;
        _under.Close();
        Assert.Throws<ObjectDisposedException>(() => store.Find(1));
        store.Dispose();
    }

    [Fact]
    public void AStoreOfANewerSchemaIsRefusedAndLeftAlone()
    {
        _under.Append(Pour());
        _under.Close();
        var file = MakeNewer(_under.Folder);
        var before = File.ReadAllBytes(file);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var fault = Assert.Throws<StoreException>(() => _under.OpenIn(_under.Folder));
            Assert.Contains("made by a newer BeerTap", fault.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(file));
    }
}
