using BeerTap.Server.Beers;
using LiteDB;
using LiteDB.Engine;

namespace BeerTap.Server.Storage;

/// <summary>Reads the LiteDB store; used by one caller at a time.</summary>
internal sealed class LiteDbReader(LiteEngine engine, LiteDbTypes types, LiteDbPours pours)
{
    public Beer? FindPour(int tapId, string pourId) => pours.Find(tapId, pourId) is { } pour ? ToBeer(pour) : null;

    public Beer? Find(long id) => engine.Find(LiteDbDocuments.Log, id) is { } entry && LiteDbDocuments.IsLive(entry) ? ToBeer(entry) : null;

    public List<LogEvent> ReadLog(long after, int limit) =>
        engine.Between(LiteDbDocuments.Log, Following(after), long.MaxValue).Take(limit).Select(ToEvent).ToList();

    public List<StoredTotal> ReadTotals() => engine.All(LiteDbDocuments.Totals).Select(total =>
    {
        var (tapId, type) = LiteDbDocuments.ReadSeries(total["_id"]);
        return new StoredTotal(tapId, types.NameOf(type), total["n"].AsInt64, total["u"].AsInt64, Clock.FromUnix(total["l"].AsInt64));
    }).ToList();

    /// <summary>The positions between which a time's pours lie; none when the first is behind the last.</summary>
    public (long First, long Last) PositionsOf(BeerFilter filter)
    {
        if (filter.From is null && filter.To is null) return (0, long.MaxValue);
        var (from, to) = TimeCut.Touched(filter);
        var (first, last) = (long.MaxValue, 0L);
        if (from > to) return (first, last);
        foreach (var hour in engine.Between(LiteDbDocuments.Hours, from, to))
            (first, last) = (Math.Min(first, hour["f"].AsInt64), Math.Max(last, hour["l"].AsInt64));
        return (first, last);
    }

    /// <summary>Beers of a filter's tap and type, whatever their time, by id; the walks of several types are merged.</summary>
    public List<Beer> Walk(BeerFilter filter, (long First, long Last) positions, bool descending, int limit)
    {
        var beers = new List<Beer>(limit);
        var tap = filter.TapId ?? LiteDbDocuments.AllTaps;
        var walks = TypesOf(filter).Select(type => engine
            .Walk(LiteDbDocuments.Key(tap, type, positions.First), LiteDbDocuments.Key(tap, type, positions.Last), descending)
            .GetEnumerator()).ToList();
        try
        {
            walks.RemoveAll(IsAtItsEnd);
            while (beers.Count < limit && walks.Count > 0)
            {
                var next = descending ? walks.MaxBy(Position)! : walks.MinBy(Position)!;
                beers.Add(ToBeer(next.Current));
                if (IsAtItsEnd(next)) walks.Remove(next);
            }
        }
        finally
        {
            walks.ForEach(walk => walk.Dispose());
        }

        return beers;

        static long Position(IEnumerator<BsonDocument> walk) => walk.Current["_id"].AsInt64;

        static bool IsAtItsEnd(IEnumerator<BsonDocument> walk)
        {
            if (walk.MoveNext()) return false;
            walk.Dispose();
            return true;
        }
    }

    /// <summary>The beers of the whole hours within a filter's time, from the hourly totals.</summary>
    public long CountHours(BeerFilter filter)
    {
        var (first, last) = TimeCut.Whole(filter);
        var tap = filter.TapId ?? LiteDbDocuments.AllTaps;
        return first > last ? 0 : TypesOf(filter).Sum(type => engine
            .Between(LiteDbDocuments.Hourly, LiteDbDocuments.Key(tap, type, first), LiteDbDocuments.Key(tap, type, last))
            .Sum(hour => hour["n"].AsInt64));
    }

    /// <summary>The totals by glass type of the whole hours within a filter's time.</summary>
    public List<TypeTotal> SumHours(BeerFilter filter)
    {
        var (first, last) = TimeCut.Whole(filter);
        return first > last ? [] : types.All.SelectMany(type => engine
            .Between(LiteDbDocuments.Hourly, LiteDbDocuments.Key(LiteDbDocuments.AllTaps, type, first), LiteDbDocuments.Key(LiteDbDocuments.AllTaps, type, last))
            .Select(hour => new TypeTotal(types.NameOf(type), hour["n"].AsInt64, hour["u"].AsInt64))).ToList();
    }

    private static long Following(long position) => position == long.MaxValue ? position : position + 1;

    private IEnumerable<int> TypesOf(BeerFilter filter) =>
        filter.Type is null ? types.All : types.Find(filter.Type) is { } type ? [type] : [];

    private Beer ToBeer(BsonDocument entry) => LiteDbDocuments.ToBeer(entry, types);

    private LogEvent ToEvent(BsonDocument entry) => LiteDbDocuments.IsPour(entry)
        ? new BeerPoured(ToBeer(entry))
        : new BeerDeleted(entry["_id"].AsInt64, ToBeer(Entry(entry["p"])), Clock.FromUnix(entry["a"].AsInt64));

    private BsonDocument Entry(BsonValue seq) => engine.Find(LiteDbDocuments.Log, seq)
        ?? throw new StoreException($"The store has no position {seq.AsInt64}, though another entry names it: it is damaged. Restore a backup.");
}
