using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>The tables of the SQLite store, its version, and how its connections are set.</summary>
internal static class SqliteSchema
{
    /// <summary>Kept in the file (<c>PRAGMA user_version</c>); a newer file is refused rather than misread.</summary>
    private const int Version = 1;

    // log: one row a position. A pour has a tap; a deletion has none. 'pair' ties the two: in a pour that was deleted it is the deletion's
    // position, in a deletion the beer's id. A volume is a real, or an integer of ten-thousandths where that is exact (4 bytes, not 8).
    // hours: which positions an hour's pours lie between, so that a time needs no index of its own.
    private const string Tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE log (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, tap INTEGER, type INTEGER, volume, pair INTEGER);
        CREATE INDEX beers_by_tap ON log (tap, type) WHERE tap IS NOT NULL AND pair IS NULL;
        CREATE INDEX beers_by_type ON log (type) WHERE tap IS NOT NULL AND pair IS NULL;
        CREATE TABLE pours (tap INTEGER NOT NULL, pour NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tap, pour)) WITHOUT ROWID;
        CREATE TABLE totals (tap INTEGER NOT NULL, type INTEGER NOT NULL, beers INTEGER NOT NULL, units INTEGER NOT NULL,
            last_pour INTEGER NOT NULL, PRIMARY KEY (tap, type)) WITHOUT ROWID;
        CREATE TABLE hourly (hour INTEGER NOT NULL, tap INTEGER NOT NULL, type INTEGER NOT NULL, beers INTEGER NOT NULL,
            units INTEGER NOT NULL, PRIMARY KEY (hour, tap, type)) WITHOUT ROWID;
        CREATE TABLE hours (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL);
        """;

    /// <summary>Opens or makes the tables; gives the epoch.</summary>
    public static string Open(SqliteConnection writer)
    {
        var version = Convert.ToInt32(Scalar(writer, "PRAGMA user_version"), CultureInfo.InvariantCulture);
        if (version > Version)
        {
            throw new StoreException(
                $"The store was made by a newer BeerTap (schema {version}, this one knows {Version}). Run the newer version; nothing was changed.");
        }

        RequireWal(writer);
        if (version == 0)
        {
            Execute(writer, $"BEGIN IMMEDIATE; {Tables} INSERT INTO meta VALUES ('epoch', '{StoreFolder.NewEpoch()}'); PRAGMA user_version={Version}; COMMIT;");
        }

        return (string?)Scalar(writer, "SELECT value FROM meta WHERE name = 'epoch'")
            ?? throw new StoreException("The store has no epoch: it is damaged. Restore a backup; nothing was changed.");
    }

    public static long ReadHead(SqliteConnection writer) => (long)Scalar(writer, "SELECT IFNULL(MAX(seq), 0) FROM log")!;

    /// <summary>
    /// FULL flushes each commit. The cache (64 MiB, in KiB when negative) keeps the upper pages of every index at ten million beers. A
    /// checkpoint runs after a commit that left 1,000 pages or more in the WAL and never waits for readers; when it could do all, the WAL is
    /// cut back to 64 MiB.
    /// </summary>
    public static void TuneWriter(SqliteConnection writer) =>
        Execute(writer, "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;");

    /// <summary>A reader needs little of its own (4 MiB): the system's file cache is behind it.</summary>
    public static void TuneReader(SqliteConnection reader) => Execute(reader, "PRAGMA query_only=1; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;");

    /// <summary>Without the WAL readers would wait for the writer, and a backup may have come without it.</summary>
    private static void RequireWal(SqliteConnection writer)
    {
        if ((string?)Scalar(writer, "PRAGMA journal_mode=WAL") != "wal")
            throw new StoreException("SQLite cannot keep its write-ahead log in this folder. Set Storage:Path to a folder on a local disk; nothing was changed.");
    }

    private static void Execute(SqliteConnection connection, string sql)
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
