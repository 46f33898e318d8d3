using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Storage;

/// <summary>A store as simple as it can be said: lists in memory, and every answer found by looking at all of them.</summary>
internal sealed class ModelStore
{
    private readonly Dictionary<(int, string), Beer> _pours = [];
    private readonly SortedDictionary<long, Beer> _live = [];

    public List<LogEvent> Log { get; } = [];

    public IReadOnlyCollection<Beer> Live => _live.Values;

    public IReadOnlyDictionary<(int TapId, string PourId), Beer> Pours => _pours;

    public void Append(LogBatch batch)
    {
        foreach (var entry in batch.Events)
        {
            Log.Add(entry);
            if (entry is BeerPoured { Beer: var beer }) _live[beer.Id] = beer;
            if (entry is BeerDeleted deletion) _live.Remove(deletion.Beer.Id);
        }

        foreach (var (key, beer) in batch.Pours) _pours[key] = beer;
    }

    /// <summary>Takes over the pour ids of another.</summary>
    public void Learn(IReadOnlyDictionary<(int TapId, string PourId), Beer> pours)
    {
        foreach (var (key, beer) in pours) _pours[key] = beer;
    }

    public List<Beer> Matching(BeerFilter filter) => _live.Values.Where(beer =>
        (filter.Type is null || beer.Type == filter.Type)
        && (filter.TapId is null || beer.TapId == filter.TapId)
        && (filter.From is null || beer.Timestamp >= filter.From)
        && (filter.To is null || beer.Timestamp < filter.To)).ToList();

    public List<Beer> List(BeerFilter filter, PageCut cut)
    {
        IEnumerable<Beer> beers = Matching(filter);
        if (cut.Descending) beers = beers.Reverse();
        if (cut.AfterId is { } after) beers = beers.Where(beer => cut.Descending ? beer.Id < after : beer.Id > after);
        return beers.Skip((int)cut.Skip).Take(cut.Size).ToList();
    }

    /// <summary>The totals of the types that have beers, by name.</summary>
    public TimeTotals Sum(DateTime from) => new(Log.Count, Matching(new BeerFilter(From: from))
        .GroupBy(beer => beer.Type)
        .Select(type => new TypeTotal(type.Key, type.Count(), type.Sum(beer => Units.FromMillilitres(beer.Volume))))
        .OrderBy(total => total.Type, StringComparer.Ordinal)
        .ToList());

    /// <summary>The totals in the order of taps and types.</summary>
    public List<StoredTotal> Totals() => Log.OfType<BeerPoured>()
        .GroupBy(entry => (entry.Beer.TapId, entry.Beer.Type))
        .Select(poured =>
        {
            var live = poured.Select(entry => entry.Beer).Where(beer => _live.ContainsKey(beer.Id)).ToList();
            return new StoredTotal(
                poured.Key.TapId, poured.Key.Type, live.Count, live.Sum(beer => Units.FromMillilitres(beer.Volume)), poured.Last().Beer.Timestamp);
        })
        .OrderBy(total => total.TapId).ThenBy(total => total.Type, StringComparer.Ordinal)
        .ToList();
}
