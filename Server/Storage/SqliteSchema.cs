using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>The tables of the SQLite store, its version, and how its connections are set.</summary>
internal static class SqliteSchema
{
    /// <summary>Kept in the file (<c>PRAGMA user_version</c>); an older file is migrated (<see cref="SqliteMigration"/>), a newer one is refused rather than misread.</summary>
    public const int Version = 3;

    // log: one row a position. A pour has a tap; a deletion has none. 'pair' ties the two: in a pour that was deleted it is the deletion's
    // position, in a deletion the beer's id. A volume is a real, or an integer of ten-thousandths where that is exact (4 bytes, not 8).
    // 'claimed' is the time that the device named, where that could not be the pour's.
    // hours: which positions an hour's pours lie between, so that a time needs no index of its own.
    // by_tap, totals, hourly and hours are made from the log and hold what it is up to 'folded' in meta (SqliteFold).
    private const string Tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE log (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, tap INTEGER, type INTEGER, volume, pair INTEGER, claimed INTEGER);
        CREATE INDEX beers_by_type ON log (type) WHERE tap IS NOT NULL AND pair IS NULL;
        CREATE TABLE pours (tap INTEGER NOT NULL, pour NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tap, pour)) WITHOUT ROWID;
        CREATE TABLE by_tap (tap INTEGER NOT NULL, type INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tap, type, seq)) WITHOUT ROWID;
        CREATE TABLE totals (tap INTEGER NOT NULL, type INTEGER NOT NULL, beers INTEGER NOT NULL, units INTEGER NOT NULL,
            last_pour INTEGER NOT NULL, PRIMARY KEY (tap, type)) WITHOUT ROWID;
        CREATE TABLE hourly (hour INTEGER NOT NULL, tap INTEGER NOT NULL, type INTEGER NOT NULL, beers INTEGER NOT NULL,
            units INTEGER NOT NULL, PRIMARY KEY (hour, tap, type)) WITHOUT ROWID;
        CREATE TABLE hours (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
        """;

    /// <summary>Makes the tables in a new file, in one transaction.</summary>
    public static void Make(SqliteConnection connection, string epoch) => Execute(
        connection,
        $"PRAGMA synchronous=FULL; BEGIN IMMEDIATE; {Tables} INSERT INTO meta VALUES ('epoch', '{epoch}'), ('folded', 0); PRAGMA user_version={Version}; COMMIT; PRAGMA journal_mode=WAL;");

    public static int VersionOf(SqliteConnection connection) => Convert.ToInt32(Scalar(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);

    /// <summary>The epoch, and the number of the last position; reads what every start needs. What it reads must be there in every schema.</summary>
    /// <param name="newest">The newest schema that can be read.</param>
    /// <exception cref="StoreException">The file is of a newer version, or has no epoch.</exception>
    public static (string Epoch, long Head) Read(SqliteConnection connection, int newest = Version)
    {
        var version = VersionOf(connection);
        if (version > newest)
        {
            throw new StoreException(
                $"The store was made by a newer BeerTap (schema {version}, this one knows {newest}). Run the newer version; nothing was changed.");
        }

        if (version == 0) throw SqliteFaults.Damaged(connection.DataSource, "it is a SQLite file, but none of BeerTap");
        var epoch = (string?)Scalar(connection, "SELECT value FROM meta WHERE name = 'epoch'")
            ?? throw SqliteFaults.Damaged(connection.DataSource, "it has no epoch");

        // What every start reads, all of it: damage there is found while nothing has been written yet.
        Scalar(connection, "SELECT SUM(id), MAX(name) FROM types NOT INDEXED");
        Scalar(connection, "SELECT SUM(units + last_pour) FROM totals");
        Scalar(connection, """
            SELECT SUM(entry.at + IFNULL(deleted.at, 0)) FROM log entry LEFT JOIN log deleted ON entry.tap IS NULL AND deleted.seq = entry.pair
            WHERE entry.seq > (SELECT value FROM meta WHERE name = 'folded')
            """);
        return (epoch, (long)Scalar(connection, "SELECT IFNULL(MAX(seq), 0) FROM log")!);
    }

    /// <summary>Begins a new history: what a log that was shared knows of the store holds no longer.</summary>
    public static void SetEpoch(SqliteConnection connection, string epoch) =>
        Execute(connection, $"UPDATE meta SET value = '{epoch}' WHERE name = 'epoch'; DELETE FROM meta WHERE name = 'bookmark'");

    /// <summary>What whoever orders the log left with the last batch; null when nothing.</summary>
    public static byte[]? ReadBookmark(SqliteConnection connection) => (byte[]?)Scalar(connection, "SELECT value FROM meta WHERE name = 'bookmark'");

    /// <summary>
    /// FULL flushes each commit. The writer's cache (64 MiB, in KiB when negative) keeps the upper pages of every index at ten million beers; a
    /// reader needs little of its own (4 MiB), the system's file cache is behind it. A log that grew beyond 64 MiB is cut back to that.
    /// </summary>
    public static void Tune(SqliteConnection connection, bool writes) => Execute(
        connection,
        $"PRAGMA synchronous=FULL; PRAGMA cache_size={(writes ? -65536 : -4096)}; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;");

    /// <summary>Without the write-ahead log readers would wait for the writer, and a file that came from elsewhere may be without it.</summary>
    public static void RequireWal(SqliteConnection writer)
    {
        if ((string?)Scalar(writer, "PRAGMA journal_mode=WAL") != "wal")
            throw new StoreException("SQLite cannot keep its write-ahead log in this folder. Set Storage:Path to a folder on a local disk; nothing was changed.");
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
