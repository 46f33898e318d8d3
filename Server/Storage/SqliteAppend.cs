using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>The one transaction that appends a batch, with its statements prepared once.</summary>
internal sealed class SqliteAppend : IDisposable
{
    private readonly SqliteConnection _writer;
    private readonly SqliteTypes _types;
    private readonly Statement _begin;
    private readonly Statement _commit;
    private readonly Statement _rollback;
    private readonly Statement _pour;
    private readonly Statement _deletion;
    private readonly Statement _deleted;
    private readonly Statement _pourId;
    private readonly Statement _total;
    private readonly Statement _hourly;
    private readonly Statement _hour;

    public SqliteAppend(SqliteConnection writer, SqliteTypes types)
    {
        (_writer, _types) = (writer, types);
        _begin = new Statement(writer, "BEGIN IMMEDIATE", 0);
        _commit = new Statement(writer, "COMMIT", 0);
        _rollback = new Statement(writer, "ROLLBACK", 0);
        _pour = new Statement(writer, "INSERT INTO log (seq, at, tap, type, volume) VALUES (?1, ?2, ?3, ?4, ?5)", 5);
        _deletion = new Statement(writer, "INSERT INTO log (seq, at, pair) VALUES (?1, ?2, ?3)", 3);
        _deleted = new Statement(writer, "UPDATE log SET pair = ?2 WHERE seq = ?1", 2);
        _pourId = new Statement(writer, "INSERT INTO pours (tap, pour, seq) VALUES (?1, ?2, ?3)", 3);
        _total = new Statement(writer, """
            INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units, last_pour = MAX(last_pour, excluded.last_pour)
            """, 5);
        _hourly = new Statement(writer, """
            INSERT INTO hourly VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET
                beers = beers + excluded.beers, units = units + excluded.units
            """, 5);
        _hour = new Statement(writer, """
            INSERT INTO hours VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET first = MIN(first, excluded.first), last = MAX(last, excluded.last)
            """, 3);
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
                _pour.Run(beer.Id, at, beer.TapId, _types.IdOf(beer.Type, added), SqliteVolume.ToColumn(beer.Volume));
                var hour = at / Hours.Milliseconds;
                hours[hour] = (hours.TryGetValue(hour, out var range) ? range.First : beer.Id, beer.Id);
            }
            else if (entry is BeerDeleted deletion)
            {
                _deletion.Run(deletion.Seq, Clock.ToUnix(deletion.Timestamp), deletion.Beer.Id);
                _deleted.Run(deletion.Beer.Id, deletion.Seq);
            }
        }

        foreach (var ((tapId, pourId), beer) in batch.Pours) _pourId.Run(tapId, SqlitePourId.ToColumn(pourId), beer.Id);
        foreach (var ((tapId, type), change) in batch.Totals)
            _total.Run(tapId, _types.IdOf(type, added), change.Beers, change.Units, Clock.ToUnix(change.LastPour ?? DateTime.UnixEpoch));
        foreach (var ((hour, tapId, type), change) in batch.Hourly)
            _hourly.Run(hour, tapId, _types.IdOf(type, added), change.Beers, change.Units);
        foreach (var (hour, (first, last)) in hours) _hour.Run(hour, first, last);
    }

    /// <summary>A prepared statement with numbered parameters.</summary>
    private sealed class Statement : IDisposable
    {
        private readonly SqliteCommand _command;

        public Statement(SqliteConnection connection, string sql, int parameters)
        {
            _command = connection.CreateCommand();
            _command.CommandText = sql;
            for (var i = 1; i <= parameters; i++) _command.Parameters.Add(new SqliteParameter { ParameterName = "?" + i });
        }

        public void Run(params ReadOnlySpan<object> values)
        {
            for (var i = 0; i < values.Length; i++) _command.Parameters[i].Value = values[i];
            _command.ExecuteNonQuery();
        }

        public void Dispose() => _command.Dispose();
    }
}
