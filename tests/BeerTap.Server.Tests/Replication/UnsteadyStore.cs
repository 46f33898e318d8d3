using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A store that takes nothing for a while, and nothing any more once its hub has crashed.</summary>
internal sealed class UnsteadyStore(IBeerStore inner) : IBeerStore
{
    private volatile StoreException? _trouble;
    private volatile bool _crashed;

    /// <summary>Why it takes nothing now; null when it does.</summary>
    public StoreException? Trouble
    {
        get => _trouble;
        set => _trouble = value;
    }

    public string Epoch => inner.Epoch;

    public long Head => inner.Head;

    public byte[]? Bookmark => inner.Bookmark;

    public void Crash() => _crashed = true;

    public void Append(LogBatch batch)
    {
        if (_crashed) throw new StoreException("crashed");
        if (_trouble is { } trouble) throw trouble;
        inner.Append(batch);
    }

    public Beer? FindPour(int tapId, string pourId) => inner.FindPour(tapId, pourId);

    public Beer? Find(long id) => inner.Find(id);

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit) => inner.ReadLog(after, limit);

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut) => inner.List(filter, cut);

    public long Count(BeerFilter filter) => inner.Count(filter);

    public TimeTotals Sum(DateTime from) => inner.Sum(from);

    public IReadOnlyList<StoredTotal> ReadTotals() => inner.ReadTotals();

    public void Dispose() => inner.Dispose();
}
