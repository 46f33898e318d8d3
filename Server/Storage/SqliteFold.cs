using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// The tables that are made from the log: totals, hours, and which beers a tap has. A pour of each of forty taps would change forty pages of them in every
/// commit; so what the newest events change is kept in memory and folded into the tables now and then, many at once and in the order of the tables.
/// </summary>
/// <remarks>
/// The tables hold exactly what the log is up to the position number <c>folded</c>, which is in the file beside them and changes in the same transaction. What
/// lies behind it, the log's tail, is short: readers look at it as it is, and a start counts it again. A deletion of a beer that was folded is taken
/// out of the tables at once. Belongs to the committer.
/// </remarks>
internal sealed class SqliteFold : IDisposable
{
    /// <summary>
    /// How long the tail grows. The longer, the fewer pages are written for each event, since what is folded at once falls on the same ones; but readers with a
    /// filter scan it, which takes half a millisecond, and a commit that folds waits for all of it.
    /// </summary>
    public const int LongestTail = 8_192;

    private readonly int _longestTail;
    private readonly SqliteTypes _types;
    private readonly SqliteStatement _byTap;
    private readonly SqliteStatement _notByTap;
    private readonly SqliteStatement _total;
    private readonly SqliteStatement _hourly;
    private readonly SqliteStatement _hour;
    private readonly SqliteStatement _mark;
    private readonly Dictionary<(long Hour, int TapId, string Type), TotalsChange> _changes = [];
    private readonly Dictionary<long, (long First, long Last)> _hours = [];
    private long _folded;

    // Where the transaction that is open leads to, once it is committed.
    private long _folding;

    /// <param name="reader">Reads on the same connection.</param>
    public SqliteFold(SqliteConnection writer, SqliteTypes types, SqliteReader reader, int longestTail)
    {
        (_types, _longestTail) = (types, longestTail);
        _byTap = new SqliteStatement(writer, """
            INSERT INTO by_tap SELECT tap, type, seq FROM log WHERE seq > ?1 AND seq <= ?2 AND tap IS NOT NULL AND pair IS NULL ORDER BY tap, type, seq
            """);
        _notByTap = new SqliteStatement(writer, "DELETE FROM by_tap WHERE tap = ?1 AND type = ?2 AND seq = ?3");
        _total = new SqliteStatement(writer, """
            INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units, last_pour = IIF(excluded.last_pour > 0, excluded.last_pour, last_pour)
            """);
        _hourly = new SqliteStatement(writer, """
            INSERT INTO hourly VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units
            """);
        _hour = new SqliteStatement(writer, """
            INSERT INTO hours VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first), last = MAX(last, excluded.last)
            """);
        _mark = new SqliteStatement(writer, "UPDATE meta SET value = ?1 WHERE name = 'folded'");
        _folded = _folding = reader.ReadFolded();
        foreach (var entry in reader.ReadLog(_folded, int.MaxValue)) Count(entry);
    }

    /// <summary>What the tail adds to the totals of the tables.</summary>
    public IEnumerable<StoredTotal> Tail() => _changes
        .GroupBy(change => (change.Key.TapId, change.Key.Type), change => change.Value)
        .Select(tap => (tap.Key, Sum: tap.Aggregate((total, change) => total.Plus(change))))
        .Select(tap => new StoredTotal(tap.Key.TapId, tap.Key.Type, tap.Sum.Beers, tap.Sum.Units, tap.Sum.LastPour ?? DateTime.UnixEpoch));

    /// <summary>Folds the tail into the tables when it has grown long; at the beginning of a transaction, before events are added.</summary>
    /// <param name="head">The position number of the last event that was committed.</param>
    /// <param name="added">Glass types that the transaction makes known.</param>
    /// <param name="all">However short the tail is.</param>
    public void Fold(long head, List<string> added, bool all = false)
    {
        _folding = _folded;
        if (head - _folded < (all ? 1 : _longestTail)) return;
        _byTap.Run(_folded, head);
        foreach (var total in Tail()) AddTotal(total.TapId, total.Type, new TotalsChange(total.Beers, total.Units, total.LastPour), added);
        foreach (var ((hour, tapId, type), change) in _changes.OrderBy(change => (change.Key.Hour, change.Key.TapId))) AddHourly(hour, tapId, type, change, added);
        foreach (var (hour, (first, last)) in _hours) _hour.Run(hour, first, last);
        _mark.Run(head);
        _folding = head;
    }

    /// <summary>Takes a beer that is deleted in the transaction that is open out of the tables, if it is in them.</summary>
    public void TakeOut(BeerDeleted deletion, List<string> added)
    {
        var beer = deletion.Beer;
        if (beer.Id > _folding) return;
        var change = TotalsChange.Of(deletion);
        AddTotal(beer.TapId, beer.Type, change, added);
        AddHourly(Hours.Of(beer.Timestamp), beer.TapId, beer.Type, change, added);
        _notByTap.Run(beer.TapId, _types.IdOf(beer.Type, added), beer.Id);
    }

    /// <summary>The transaction is committed.</summary>
    public void Committed(LogBatch batch)
    {
        if (_folding > _folded)
        {
            _folded = _folding;
            _changes.Clear();
            _hours.Clear();
        }

        foreach (var entry in batch.Events) Count(entry);
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _byTap, _notByTap, _total, _hourly, _hour, _mark }) statement.Dispose();
    }

    private void Count(LogEvent entry)
    {
        // Of a beer in the tables: they know of it.
        if (entry is BeerDeleted { Beer.Id: var id } && id <= _folded) return;
        TotalsChange.Add(_changes, entry);
        if (entry is not BeerPoured { Beer: var beer }) return;
        var hour = Hours.Of(beer.Timestamp);
        _hours[hour] = (_hours.TryGetValue(hour, out var range) ? range.First : beer.Id, beer.Id);
    }

    private void AddTotal(int tapId, string type, TotalsChange change, List<string> added) =>
        _total.Run(tapId, _types.IdOf(type, added), change.Beers, change.Units, Clock.ToUnix(change.LastPour ?? DateTime.UnixEpoch));

    private void AddHourly(long hour, int tapId, string type, TotalsChange change, List<string> added) =>
        _hourly.Run(hour, tapId, _types.IdOf(type, added), change.Beers, change.Units);
}
