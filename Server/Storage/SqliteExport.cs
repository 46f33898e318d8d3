using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>A beer, and the id that its tap gave the pour, if it gave one.</summary>
internal sealed record ExportedBeer(Beer Beer, string? PourId);

/// <summary>Every beer that is there, in the order of the log, also while a hub serves the store.</summary>
/// <remarks>
/// Read in pages, each a short look of its own: a long one would keep the hub's log from beginning anew. The store finds pours by their ids, not
/// ids by their pours, so the ids are first put into the other order, in a temporary file: memory does not grow with the store.
/// </remarks>
internal sealed class SqliteExport : IDisposable
{
    private const int PageIds = 20_000, PageBeers = 5_000;
    private const int HexLength = 32;

    private readonly SqliteConnection _connection;

    /// <param name="backup">A backup to read in the place of the store; none when null.</param>
    /// <exception cref="StoreException">There is no such store, or it is of another schema.</exception>
    public SqliteExport(StorageOptions options, string? backup)
    {
        _connection = backup is null ? SqliteBackup.Source(options).Source : SqliteBackup.OpenBackup(backup);
        try
        {
            (Epoch, Head) = SqliteSchema.Read(_connection);
            if (SqliteSchema.VersionOf(_connection) < SqliteSchema.Version)
            {
                throw new StoreException(
                    $"{_connection.DataSource} has an older schema. Start the hub on it once, which migrates it; for a backup, restore it into a folder of its own first.");
            }

            Beers = Convert.ToInt64(Scalar("""
                SELECT (SELECT IFNULL(SUM(beers), 0) FROM totals)
                    + (SELECT COUNT(*) FROM log WHERE seq > (SELECT value FROM meta WHERE name = 'folded') AND tap IS NOT NULL AND pair IS NULL)
                """), System.Globalization.CultureInfo.InvariantCulture);
            SqliteSchema.Execute(_connection, "PRAGMA temp_store=FILE; CREATE TEMP TABLE ids (seq INTEGER PRIMARY KEY, pour NOT NULL)");
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    public string Epoch { get; }

    /// <summary>The last position number that is read; what is poured meanwhile is left for another time.</summary>
    public long Head { get; }

    /// <summary>How many beers there are.</summary>
    public long Beers { get; }

    /// <param name="prepared">Told how many pour ids are ready, while no beer can be read yet.</param>
    public IEnumerable<ExportedBeer> Read(Action<long> prepared)
    {
        TurnIdsRound(prepared);
        for (var after = 0L; after < Head;)
        {
            var page = Page(after);
            foreach (var beer in page) yield return beer;
            after = page.Count < PageBeers ? Head : page[^1].Beer.Id;
        }
    }

    public void Dispose() => _connection.Dispose();

    private void TurnIdsRound(Action<long> prepared)
    {
        var ids = 0L;
        (object Tap, object Pour)? last = (0L, "");
        while (last is { } from)
        {
            using var copy = Command("INSERT OR IGNORE INTO ids SELECT seq, pour FROM pours WHERE (tap, pour) > ($tap, $pour) ORDER BY tap, pour LIMIT $count", from);
            prepared(ids += copy.ExecuteNonQuery());
            using var next = Command("SELECT tap, pour FROM pours WHERE (tap, pour) > ($tap, $pour) ORDER BY tap, pour LIMIT 1 OFFSET $count - 1", from);
            using var row = next.ExecuteReader();
            last = row.Read() ? (row.GetValue(0), row.GetValue(1)) : null;
        }
    }

    private SqliteCommand Command(string sql, (object Tap, object Pour) from)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$tap", from.Tap);
        command.Parameters.AddWithValue("$pour", from.Pour);
        command.Parameters.AddWithValue("$count", PageIds);
        return command;
    }

    private List<ExportedBeer> Page(long after)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = """
            SELECT log.seq, types.name, log.volume, log.at, log.tap, ids.pour, log.claimed
            FROM log JOIN types ON types.id = log.type LEFT JOIN ids ON ids.seq = log.seq
            WHERE log.seq > $after AND log.seq <= $head AND log.tap IS NOT NULL AND log.pair IS NULL ORDER BY log.seq LIMIT $count
            """;
        command.Parameters.AddWithValue("$after", after);
        command.Parameters.AddWithValue("$head", Head);
        command.Parameters.AddWithValue("$count", PageBeers);
        using var row = command.ExecuteReader();
        var page = new List<ExportedBeer>();
        while (row.Read())
        {
            var volume = row.GetValue(2) is long units ? Units.ToMillilitres(units) : row.GetDouble(2);
            DateTime? claimed = row.IsDBNull(6) ? null : Clock.FromUnix(row.GetInt64(6));
            page.Add(new ExportedBeer(new Beer(row.GetInt64(0), row.GetString(1), volume, Clock.FromUnix(row.GetInt64(3)), row.GetInt32(4), claimed), PourId(row.GetValue(5))));
        }

        return page;
    }

    private static string? PourId(object stored) => stored switch
    {
        string text => text,
        byte[] { Length: HexLength / 2 } hex => Convert.ToHexStringLower(hex),
        _ => null,
    };

    private object? Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
