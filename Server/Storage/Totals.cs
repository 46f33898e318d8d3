using System.Collections.Immutable;

namespace BeerTap.Server.Storage;

/// <summary>The totals of every tap, kept in step with the log; no reader ever counts beers.</summary>
internal sealed class Totals
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, TapTotals> _taps = [];
    private readonly SortedSet<(long Fewer, int TapId)> _ranking = [];
    private readonly Dictionary<string, long> _beersByType = new(StringComparer.Ordinal);
    private long _head;
    private long _beers;
    private long _units;

    public Totals(long head, IEnumerable<StoredTotal> stored)
    {
        _head = head;
        foreach (var total in stored) Add(total.TapId, total.Type, new TotalsChange(total.Beers, total.Units, total.LastPour));
    }

    public void Apply(LogBatch batch)
    {
        lock (_gate)
        {
            _head = batch.Head;
            foreach (var ((tapId, type), change) in batch.Totals) Add(tapId, type, change);
        }
    }

    /// <summary>The position, and how many beers are there and were ever poured at it.</summary>
    public (long Head, long Beers, long Poured) Counts()
    {
        // Each position is either a pour or a deletion, and each deletion takes one pour away.
        lock (_gate) return (_head, _beers, (_head + _beers) / 2);
    }

    /// <summary>Every tap's totals as they stood at one position.</summary>
    public TotalsSnapshot Snapshot()
    {
        lock (_gate) return new TotalsSnapshot(_head, _beers, [.. _taps.Values]);
    }

    /// <summary>The taps with the most beers as they stood at one position; costs the same however many taps there are.</summary>
    public TopTotals Top(int taps)
    {
        lock (_gate)
        {
            List<TapTotals> top = [.. _ranking.Take(taps).Select(rank => _taps[rank.TapId])];
            return new TopTotals(_head, _beers, top, _ranking.Count - top.Count, _beers - top.Sum(tap => tap.Beers), _units - top.Sum(tap => tap.Units));
        }
    }

    /// <summary>How many beers are there of a type and tap; null means any.</summary>
    public long Count(string? type, int? tapId)
    {
        lock (_gate)
        {
            if (tapId is { } id)
            {
                if (!_taps.TryGetValue(id, out var tap)) return 0;
                return type is null ? tap.Beers : tap.BeersByType.GetValueOrDefault(type);
            }

            return type is null ? _beers : _beersByType.GetValueOrDefault(type);
        }
    }

    public TapTotals? Find(int tapId)
    {
        lock (_gate) return _taps.GetValueOrDefault(tapId);
    }

    /// <summary>Whether a glass type was ever poured, though the configuration may no longer name it.</summary>
    public bool Knows(string type)
    {
        lock (_gate) return _beersByType.ContainsKey(type);
    }

    private void Add(int tapId, string type, TotalsChange change)
    {
        var tap = _taps.GetValueOrDefault(tapId) ?? new TapTotals(tapId, 0, 0, DateTime.UnixEpoch, ImmutableDictionary<string, long>.Empty);
        var byType = tap.BeersByType.SetItem(type, tap.BeersByType.GetValueOrDefault(type) + change.Beers);
        var after = _taps[tapId] = new TapTotals(
            tapId, tap.Beers + change.Beers, tap.Units + change.Units, change.LastPour > tap.LastPour ? change.LastPour.Value : tap.LastPour, byType);

        // Most beers first; a tap without beers has no share.
        if (tap.Beers > 0) _ranking.Remove((-tap.Beers, tapId));
        if (after.Beers > 0) _ranking.Add((-after.Beers, tapId));
        _beers += change.Beers;
        _units += change.Units;
        _beersByType[type] = _beersByType.GetValueOrDefault(type) + change.Beers;
    }
}
