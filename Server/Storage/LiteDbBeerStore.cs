using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>
/// The log in LiteDB, compiled in with <c>-p:LiteDb=true</c>. LiteDB 5 answers a commit before it is on the disk, so the store flushes the
/// log file after each. After a failure the files are closed and opened again without what was not flushed: a batch is there whole or not.
/// </summary>
/// <remarks>
/// One caller at a time: with two, LiteDB's page cache can give a page to one that it is about to reuse for the other, and a writer would
/// then store what nobody wrote. The wait is short: a commit, or <see cref="LongestStep"/> beers.<br/>
/// LiteDB's pages carry no checksum, so a power cut amid a flush whose pages the disk took out of order may go unseen; SQLite would see it.
/// </remarks>
internal sealed class LiteDbBeerStore : IBeerStore
{
    /// <summary>How many beers are visited before others get their turn.</summary>
    private const int LongestStep = 1_000;

    private readonly Lock _gate = new();
    private readonly StoreFolder _folder;
    private readonly Func<string, FileStream> _openLog;
    private LiteDbSession? _session;
    private long? _durable;
    private bool _closed;

    public LiteDbBeerStore(StoreFolder folder)
        : this(folder, LiteDbFiles.OpenFile)
    {
    }

    /// <param name="openLog">Opens the log file; a test's own may fail.</param>
    internal LiteDbBeerStore(StoreFolder folder, Func<string, FileStream> openLog)
    {
        (_folder, _openLog) = (folder, openLog);
        (Epoch, Head, Bookmark) = Use("be opened", session => (session.Epoch, session.ReadHead(), session.ReadBookmark()));
    }

    public string Epoch { get; }

    public long Head { get; }

    public byte[]? Bookmark { get; }

    public OpenFiles Files => _folder.Files;

    public void Append(LogBatch batch)
    {
        Files.Check();
        Use("commit", session =>
        {
            session.Append(batch);
            return true;
        });
    }

    public Beer? FindPour(int tapId, string pourId) => Use("read", session => session.Reader.FindPour(tapId, pourId));

    public Beer? Find(long id) => Use("read", session => session.Reader.Find(id));

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit) => Use("read", session => session.Reader.ReadLog(after, limit));

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut)
    {
        var toSkip = cut.Skip;
        var firstStep = (int)Math.Min(cut.Skip + cut.Size, LongestStep);
        return Walk(filter, cut.Descending, cut.AfterId, firstStep).SkipWhile(_ => toSkip-- > 0).Take(cut.Size).ToList();
    }

    public long Count(BeerFilter filter) =>
        Use("read", session => session.Reader.CountHours(filter))
        + TimeCut.Pieces(filter).Sum(piece => Walk(piece, descending: false, afterId: null, LongestStep).LongCount());

    public TimeTotals Sum(DateTime from)
    {
        // Held throughout, so that all is of one moment; it is at most one hour's beers that are visited, and none where the time is a whole hour.
        lock (_gate)
        {
            var filter = new BeerFilter(From: from);
            var (head, hours) = Use("read", session => (session.ReadHead(), session.Reader.SumHours(filter)));
            var beers = TimeCut.Pieces(filter)
                .SelectMany(piece => Walk(piece, descending: false, afterId: null, LongestStep))
                .Select(beer => new TypeTotal(beer.Type, 1, Units.FromMillilitres(beer.Volume)));
            return new TimeTotals(head, [.. hours.Concat(beers)
                .GroupBy(part => part.Type)
                .Select(type => new TypeTotal(type.Key, type.Sum(part => part.Beers), type.Sum(part => part.Units)))]);
        }
    }

    public IReadOnlyList<StoredTotal> ReadTotals() => Use("read", session => session.Reader.ReadTotals());

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            using (_folder) _session?.Close();
        }
    }

    /// <summary>The beers of a filter by id, in steps between which others get their turn.</summary>
    private IEnumerable<Beer> Walk(BeerFilter filter, bool descending, long? afterId, int firstStep)
    {
        var (first, last) = Use("read", session => session.Reader.PositionsOf(filter));
        if (afterId is { } known)
        {
            var id = Math.Clamp(known, 0, long.MaxValue - 1);
            (first, last) = descending ? (first, Math.Min(last, id - 1)) : (Math.Max(first, id + 1), last);
        }

        for (var step = firstStep; first <= last; step = Math.Min(step * 2, LongestStep))
        {
            var (from, to, limit) = (first, last, step);
            var beers = Use("read", session => session.Reader.Walk(filter, (from, to), descending, limit));
            foreach (var beer in beers)
            {
                if (!(beer.Timestamp < filter.From) && !(beer.Timestamp >= filter.To)) yield return beer;
            }

            if (beers.Count < limit) yield break;
            (first, last) = descending ? (first, beers[^1].Id - 1) : (beers[^1].Id + 1, last);
        }
    }

    private T Use<T>(string doing, Func<LiteDbSession, T> use)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            try
            {
                _session ??= new LiteDbSession(_folder, _openLog, _durable);
                return use(_session);
            }
            catch (Exception fault)
            {
                // LiteDB itself closes after some faults and goes on after others; opened anew it is sound after all of them.
                _durable = _session?.Abandon() ?? _durable;
                _session = null;
                if (fault is StoreException) throw;
                throw new StoreException(
                    $"The LiteDB store in {_folder.Path} could not {doing}: {fault.Message}", fault, fault is LiteDB.LiteException ? StoreFault.Refused : StoreException.FaultOf(fault));
            }
        }
    }
}
