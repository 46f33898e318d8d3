using System.Reactive.Subjects;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>
/// The beers, and the log they come from. Only the repository assigns positions. It is observable: observers hear each committed batch, in
/// commit order, on the committer's thread, and must not hold it up.
/// </summary>
internal sealed class BeerRepository : IObservable<CommittedBatch>, IDisposable
{
    private readonly IBeerStore _store;
    private readonly ICommitter _committer;
    private readonly Subject<CommittedBatch> _committed = new();
    private readonly Totals _totals;

    /// <param name="committer">Makes the committer that orders what this repository is given.</param>
    public BeerRepository(IBeerStore store, Func<LogWriter, ICommitter> committer, StorageOptions storage, IntakeMeter meter, ILogger<BeerRepository> log, TimeProvider? time = null)
    {
        _store = store;
        foreach (var warning in store.Warnings) Log.StoreWarning(log, warning);
        _totals = new Totals(store.Head, store.ReadTotals(), time);
        Log.StoreOpened(log, storage.Provider, Path.GetFullPath(storage.Path), store.Epoch, store.Head, _totals.Counts().Beers);
        _committer = committer(new LogWriter(store, _totals.Apply, _committed.OnNext, meter, log));
    }

    public string Epoch => _store.Epoch;

    /// <summary>Commands that wait for the store.</summary>
    public int Waiting => _committer.Waiting;

    public Totals Totals => _totals;

    /// <inheritdoc cref="ICommitter.Start"/>
    public void Start() => _committer.Start();

    public IDisposable Subscribe(IObserver<CommittedBatch> observer) => _committed.Subscribe(observer);

    /// <summary>Pours one beer, exactly once for its pour id.</summary>
    public Task<Outcome> AddAsync(PourBeer pour) => _committer.SubmitAsync(pour);

    /// <summary>Pours several beers in one transaction; each has its own outcome.</summary>
    public Task<Outcome[]> AddAsync(IReadOnlyList<PourBeer> pours) => _committer.SubmitTogetherAsync([.. pours]);

    public Task<Outcome> DeleteAsync(DeleteBeer delete) => _committer.SubmitAsync(delete);

    public Beer? Find(long id) => _store.Find(id);

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut) => _store.List(filter, cut);

    /// <summary>How many beers match, without counting them: from the totals kept with each commit.</summary>
    public long Count(BeerFilter filter) =>
        filter.From is null && filter.To is null ? _totals.Count(filter.Type, filter.TapId) : _store.Count(filter);

    /// <summary>What was poured at a time or later, by glass type, and the position it is of, which may be ahead of what was announced.</summary>
    public TimeTotals Since(DateTime from) => _store.Sum(from);

    /// <summary>The events after a position number; none that the totals do not know yet, so that no caller is ahead of the repository.</summary>
    public IReadOnlyList<LogEvent> ReadLog(long after, int limit)
    {
        var known = _totals.Counts().Head - after;
        return known <= 0 ? [] : _store.ReadLog(after, (int)Math.Min(limit, known));
    }

    public void Dispose()
    {
        _committer.Dispose();
        _committed.OnCompleted();
        _committed.Dispose();
        _store.Dispose();
    }
}
