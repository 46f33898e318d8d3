using System.Globalization;
using BeerTap.Server.Storage;
using LiteDB;
using LiteDB.Engine;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public sealed class LiteDbPoursTests : IDisposable
{
    private readonly LiteEngine _engine = new();

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void ALongChainHoldsEveryPourOnce()
    {
        var pours = new LiteDbPours(_engine, bucketBits: 1);
        for (var head = 0; head < 2_000; head += 100) Add(pours, head, Enumerable.Range(head, 100));

        for (var id = 0; id < 2_000; id++)
        {
            Assert.Equal(id + 1, pours.Find(1, id.ToString(CultureInfo.InvariantCulture))!["_id"].AsInt64);
            Assert.Null(pours.Find(2, id.ToString(CultureInfo.InvariantCulture)));
        }

        Assert.Throws<StoreException>(() => Add(pours, 2_000, [5_000, 3]));
    }

    private void Add(LiteDbPours pours, long head, IEnumerable<int> ids)
    {
        var batch = new LogBatch(head);
        foreach (var id in ids) batch.Pour(Pour(1, pourId: id.ToString(CultureInfo.InvariantCulture)));
        pours.Add(batch);
        _engine.Insert(LiteDbDocuments.Log, batch.Pours.Select(pour => LiteDbDocuments.Poured(pour.Value, 1, pour.Key.PourId)), BsonAutoId.Int64);
    }
}
