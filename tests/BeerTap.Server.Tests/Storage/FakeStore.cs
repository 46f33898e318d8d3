using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Storage;

/// <summary>A store in memory that can be told to wait or to fail, and remembers the batches it took.</summary>
internal sealed class FakeStore : IBeerStore
{
    private readonly Lock _gate = new();

    /// <summary>What it holds.</summary>
    public ModelStore Model { get; init; } = new();

    public string Epoch { get; init; } = "testtest";

    public long Head { get; init; }

    public byte[]? Bookmark { get; init; }

    public List<LogBatch> Batches { get; } = [];

    /// <summary>Why a batch cannot be taken, if so.</summary>
    public Func<LogBatch, Exception?> Refuse { get; set; } = _ => null;

    /// <summary>Appending waits while this is not set; <see cref="Appending"/> says that it does.</summary>
    public ManualResetEventSlim MayAppend { get; } = new(initialState: true);

    public SemaphoreSlim Appending { get; } = new(0);

    public bool Closed { get; private set; }

    public void Append(LogBatch batch)
    {
        Appending.Release();
        Assert.True(MayAppend.Wait(TimeSpan.FromSeconds(30)), "the test never let the store append");
        if (Refuse(batch) is { } fault) throw fault;
        lock (_gate)
        {
            Batches.Add(batch);
            Model.Append(batch);
        }
    }

    public Beer? FindPour(int tapId, string pourId)
    {
        lock (_gate) return Model.Pours.GetValueOrDefault((tapId, pourId));
    }

    public Beer? Find(long id)
    {
        lock (_gate) return Model.Live.FirstOrDefault(beer => beer.Id == id);
    }

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit)
    {
        lock (_gate) return Model.Log.Where(entry => entry.Seq > after).Take(limit).ToList();
    }

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut)
    {
        lock (_gate) return Model.List(filter, cut);
    }

    public long Count(BeerFilter filter)
    {
        lock (_gate) return Model.Matching(filter).Count;
    }

    public TimeTotals Sum(DateTime from)
    {
        lock (_gate) return Model.Sum(from);
    }

    public IReadOnlyList<StoredTotal> ReadTotals()
    {
        lock (_gate) return Model.Totals();
    }

    public void Dispose()
    {
        Closed = true;
        MayAppend.Dispose();
        Appending.Dispose();
    }
}
