using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>The one transaction that appends a batch, with its statements prepared once.</summary>
internal sealed class SqliteAppend : IDisposable
{
    private readonly SqliteConnection _writer;
    private readonly SqliteTypes _types;
    private readonly SqliteStatement _begin;
    private readonly SqliteStatement _commit;
    private readonly SqliteStatement _rollback;
    private readonly SqliteStatement _pour;
    private readonly SqliteStatement _deletion;
    private readonly SqliteStatement _deleted;
    private readonly SqliteStatement _pourId;
    private readonly SqliteStatement _total;
    private readonly SqliteStatement _hourly;
    private readonly SqliteStatement _hour;

    public SqliteAppend(SqliteConnection writer, SqliteTypes types)
    {
        (_writer, _types) = (writer, types);
        _begin = new SqliteStatement(writer, "BEGIN IMMEDIATE");
        _commit = new SqliteStatement(writer, "COMMIT");
        _rollback = new SqliteStatement(writer, "ROLLBACK");
        _pour = new SqliteStatement(writer, "INSERT INTO log (seq, at, tap, type, volume) VALUES (?1, ?2, ?3, ?4, ?5)");
        _deletion = new SqliteStatement(writer, "INSERT INTO log (seq, at, pair) VALUES (?1, ?2, ?3)");
        _deleted = new SqliteStatement(writer, "UPDATE log SET pair = ?2 WHERE seq = ?1");
        _pourId = new SqliteStatement(writer, "INSERT INTO pours (tap, pour, seq) VALUES (?1, ?2, ?3)");
        _total = new SqliteStatement(writer, """
            INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units, last_pour = MAX(last_pour, excluded.last_pour)
            """);
        _hourly = new SqliteStatement(writer, """
            INSERT INTO hourly VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units
            """);
        _hour = new SqliteStatement(writer, """
            INSERT INTO hours VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first), last = MAX(last, excluded.last)
            """);
    }

    public void Run(LogBatch batch)
    {
        var added = new List<string>();
        try
        {
            _begin.Run();
            Write(batch, added);
            _commit.Run();
        }
        catch
        {
            _types.Forget(added);
            RollBack();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _commit, _rollback, _pour, _deletion, _deleted, _pourId, _total, _hourly, _hour }) statement.Dispose();
    }

    /// <summary>A full disk or a failing one makes SQLite roll back by itself; the provider's own transaction would not notice and stay open.</summary>
    private void RollBack()
    {
        if (raw.sqlite3_get_autocommit(_writer.Handle!) == 0) _rollback.Run();
    }

    private void Write(LogBatch batch, List<string> added)
    {
        var hours = new Dictionary<long, (long First, long Last)>();
        foreach (var entry in batch.Events)
        {
            if (entry is BeerPoured { Beer: var beer })
            {
                var at = Clock.ToUnix(beer.Timestamp);
                Pour(beer, at, added);
                var hour = at / Hours.Milliseconds;
                hours[hour] = (hours.TryGetValue(hour, out var range) ? range.First : beer.Id, beer.Id);
            }
            else if (entry is BeerDeleted deletion)
            {
                Run(_deletion, deletion.Seq, Clock.ToUnix(deletion.Timestamp), deletion.Beer.Id);
                Run(_deleted, deletion.Beer.Id, deletion.Seq);
            }
        }

        foreach (var ((tapId, pourId), beer) in batch.Pours) Remember(tapId, pourId, beer.Id);
        foreach (var ((tapId, type), change) in batch.Totals)
            Run(_total, tapId, _types.IdOf(type, added), change.Beers, change.Units, Clock.ToUnix(change.LastPour ?? DateTime.UnixEpoch));
        foreach (var ((hour, tapId, type), change) in batch.Hourly)
            Run(_hourly, hour, tapId, _types.IdOf(type, added), change.Beers, change.Units);
        foreach (var (hour, (first, last)) in hours) Run(_hour, hour, first, last);
    }

    private void Pour(Beer beer, long at, List<string> added)
    {
        _pour.Bind(1, beer.Id);
        _pour.Bind(2, at);
        _pour.Bind(3, beer.TapId);
        _pour.Bind(4, _types.IdOf(beer.Type, added));
        SqliteVolume.Bind(_pour, 5, beer.Volume);
        _pour.Run();
    }

    private void Remember(int tapId, string pourId, long seq)
    {
        _pourId.Bind(1, tapId);
        SqlitePourId.Bind(_pourId, 2, pourId);
        _pourId.Bind(3, seq);
        _pourId.Run();
    }

    private static void Run(SqliteStatement statement, params ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++) statement.Bind(i + 1, values[i]);
        statement.Run();
    }
}
