using System.Runtime.InteropServices;

namespace BeerTap.Server.Storage;

/// <summary>The totals of every tap, kept in step with the log; no reader ever counts beers.</summary>
internal sealed class Totals
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<int, Tally> _taps = [];
    private readonly TapIds _ids = new();
    private readonly Ranking _ranking = new();
    private readonly Dictionary<string, long> _beersByType = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _unitsByType = new(StringComparer.Ordinal);
    private long _head;
    private long _beers;
    private long _units;

    /// <param name="time">The hub's clock: no pour is shown as later than now; the system's when null.</param>
    public Totals(long head, IEnumerable<StoredTotal> stored, TimeProvider? time = null)
    {
        (_head, _time) = (head, time ?? TimeProvider.System);
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

    /// <summary>How many taps have poured.</summary>
    public int Taps
    {
        get
        {
            lock (_gate)
            {
                return _taps.Count;
            }
        }
    }

    /// <summary>The totals of the taps whose ids follow <paramref name="afterTap"/>, at most <paramref name="limit"/> of them, as they stood at one position.</summary>
    public TotalsPage Page(int afterTap, int limit)
    {
        var now = Now;
        lock (_gate)
        {
            return new TotalsPage(_head, _beers, [.. _ids.After(afterTap, limit).Select(tapId => _taps[tapId].Totals(now))]);
        }
    }

    /// <summary>The taps with the most beers as they stood at one position; costs the logarithm of how many taps there are.</summary>
    public TopTotals Top(int taps)
    {
        var now = Now;
        lock (_gate)
        {
            var top = new List<TapTotals>(Math.Min(taps, _ranking.Count));
            var (otherBeers, otherUnits) = (_beers, _units);
            foreach (var (beers, tapId) in _ranking.Top(taps))
            {
                var tap = _taps[tapId].Totals(now);
                top.Add(tap);
                otherBeers -= beers;
                otherUnits -= tap.Units;
            }

            return new TopTotals(_head, _beers, top, _ranking.Count - top.Count, otherBeers, otherUnits);
        }
    }

    /// <summary>The totals of each glass type as they stood at one position.</summary>
    public TimeTotals ByType()
    {
        lock (_gate) return new TimeTotals(_head, [.. _beersByType.Select(type => new TypeTotal(type.Key, type.Value, _unitsByType[type.Key]))]);
    }

    /// <summary>How many beers are there of a type and tap; null means any.</summary>
    public long Count(string? type, int? tapId)
    {
        lock (_gate)
        {
            if (tapId is { } id)
            {
                if (!_taps.TryGetValue(id, out var tap)) return 0;
                return type is null ? tap.Beers : tap.BeersOf(type);
            }

            return type is null ? _beers : _beersByType.GetValueOrDefault(type);
        }
    }

    public TapTotals? Find(int tapId)
    {
        lock (_gate) return _taps.GetValueOrDefault(tapId)?.Totals(Now);
    }

    /// <summary>Whether a tap has poured, though its beers may be deleted.</summary>
    public bool Knows(int tapId)
    {
        lock (_gate)
        {
            return _taps.ContainsKey(tapId);
        }
    }

    /// <summary>Whether a glass type was ever poured, though the configuration may no longer name it.</summary>
    public bool Knows(string type)
    {
        lock (_gate) return _beersByType.ContainsKey(type);
    }

    private DateTime Now => Beers.Instant.Milliseconds(_time.GetUtcNow().UtcDateTime);

    private void Add(int tapId, string type, TotalsChange change)
    {
        if (!_taps.TryGetValue(tapId, out var tap))
        {
            _taps[tapId] = tap = new Tally(tapId);
            _ids.Add(tapId);
        }

        var before = tap.Beers;
        tap.Add(type, change);
        _ranking.Change(tapId, before, tap.Beers);
        _beers += change.Beers;
        _units += change.Units;
        CollectionsMarshal.GetValueRefOrAddDefault(_beersByType, type, out _) += change.Beers;
        CollectionsMarshal.GetValueRefOrAddDefault(_unitsByType, type, out _) += change.Units;
    }

    /// <summary>One tap's totals as they stand.</summary>
    private sealed class Tally(int tapId)
    {
        // As many as there are glasses, a few.
        private readonly Dictionary<string, (long Beers, DateTime LastPour)> _types = new(StringComparer.Ordinal);
        private long _units;

        public long Beers { get; private set; }

        public long BeersOf(string type) => _types.GetValueOrDefault(type).Beers;

        public void Add(string type, TotalsChange change)
        {
            Beers += change.Beers;
            _units += change.Units;
            ref var kept = ref CollectionsMarshal.GetValueRefOrAddDefault(_types, type, out _);
            kept = (kept.Beers + change.Beers, change.LastPour ?? kept.LastPour);
        }

        public TapTotals Totals(DateTime now) => new(tapId, Beers, _units, LastPour(now));

        /// <summary>The latest of the types' last pours. One from a time when the hub's clock was ahead counts as long as there is no other, as now.</summary>
        private DateTime LastPour(DateTime now)
        {
            var (latest, isAhead) = (DateTime.UnixEpoch, false);
            foreach (var (_, at) in _types.Values)
            {
                if (at > now) isAhead = true;
                else if (at > latest) latest = at;
            }

            return isAhead && latest == DateTime.UnixEpoch ? now : latest;
        }
    }
}
