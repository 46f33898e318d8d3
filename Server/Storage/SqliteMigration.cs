using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>Brings a store that an older BeerTap made to the schema of this one: a backup beside it first, then all steps in one transaction.</summary>
/// <remarks>
/// Power cuts: the store is closed in order before, so its log is empty and its mark says so. The migration is the log's one commit: it is there
/// whole or not at all, and a store stopped in order with one commit in its log is one that the next start takes as it is.
/// </remarks>
/// <param name="steps">In order; the one at place 0 leads from schema 1 to schema 2.</param>
internal sealed class SqliteMigration(params SqliteMigration.Step[] steps)
{
    /// <summary>What leads to the schema of this BeerTap. A change of the schema raises <see cref="SqliteSchema.Version"/> by one and adds its step here, at the end.</summary>
    public static readonly SqliteMigration Known = new(FoldedTables, ClaimedTimes);

    /// <summary>To schema 2: which beers a tap has is a table that is folded from the log, not an index that every pour changes.</summary>
    private static void FoldedTables(SqliteConnection connection) => SqliteSchema.Execute(connection, """
        CREATE TABLE by_tap (tap INTEGER NOT NULL, type INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (tap, type, seq)) WITHOUT ROWID;
        INSERT INTO by_tap SELECT tap, type, seq FROM log WHERE tap IS NOT NULL AND pair IS NULL ORDER BY tap, type, seq;
        DROP INDEX beers_by_tap;
        INSERT INTO meta VALUES ('folded', (SELECT IFNULL(MAX(seq), 0) FROM log));
        """);

    /// <summary>To schema 3: a pour's time that could not be is kept beside the hub's. No row is written anew.</summary>
    private static void ClaimedTimes(SqliteConnection connection) => SqliteSchema.Execute(connection, "ALTER TABLE log ADD COLUMN claimed INTEGER");

    /// <summary>Changes the tables of one version into those of the next, within a transaction that is not its own.</summary>
    internal delegate void Step(SqliteConnection connection);

    /// <summary>The schema that the steps lead to.</summary>
    public int Version => steps.Length + 1;

    /// <summary>The same, and one step more.</summary>
    public SqliteMigration And(Step step) => new([.. steps, step]);

    /// <summary>Migrates a store that was closed in order; gives what an operator must know.</summary>
    /// <param name="say">Told what is done, and every few seconds that it goes on.</param>
    /// <exception cref="StoreException">It cannot be done; the store is as it was.</exception>
    public string Run(StoreFolder folder, Action<string> say, TimeProvider time)
    {
        var file = folder.File(SqliteFiles.FileName);
        if (File.Exists(file + "-wal") && new FileInfo(file + "-wal").Length > 0)
        {
            throw new StoreException(
                $"The store {file} is read by another program, so it cannot be brought to schema {Version}. Stop that program and start again; nothing was changed.");
        }

        using var connection = SqliteFiles.Connect(file, writes: true);
        try
        {
            var from = SqliteSchema.VersionOf(connection);
            using var progress = new MigrationProgress(say, time);
            var kept = Keep(folder, connection, progress, say);
            progress.Begin(Text($"The store is brought from schema {from} to {Version}; the hub serves when that is done"));
            Apply(connection);
            if (SqliteFiles.Checkpoint(connection, "TRUNCATE")) SqliteFiles.KeepLog(connection, false);
            return Text($"The store was brought from schema {from} to {Version}. As it was before it is kept in {kept}; an older BeerTap reads that, and no longer the store.");
        }
        catch (SqliteException fault)
        {
            throw fault.Explain(file, Text($"be brought to schema {Version}"));
        }
    }

    /// <summary>Takes the steps that lack, all in one transaction; a file that has this schema stays as it is.</summary>
    public void Apply(SqliteConnection connection)
    {
        var from = SqliteSchema.VersionOf(connection);
        if (from >= Version) return;
        using var transaction = connection.BeginTransaction();
        foreach (var step in steps[(from - 1)..]) step(connection);
        SqliteSchema.Execute(connection, $"PRAGMA user_version={Version}");
        transaction.Commit();
    }

    /// <summary>A backup in the store's folder. One that holds the same log is of an attempt that was cut short, and is as good.</summary>
    private string Keep(StoreFolder folder, SqliteConnection connection, MigrationProgress progress, Action<string> say)
    {
        var log = SqliteSchema.Read(connection, Version);
        for (var number = 1; ; number++)
        {
            var name = folder.File(Text($"before-schema-{Version}{(number == 1 ? "" : Text($"-{number}"))}.beertap"));
            if (File.Exists(name) && !Holds(name, log)) continue;
            if (File.Exists(name)) return name;
            progress.Begin(Text($"Before the store is brought to schema {Version} it is copied to {name}"), () => Text($", {MebibytesOf(name + ".making")} of at most {MebibytesOf(connection.DataSource)} MiB"));
            return SqliteBackup.Write(
                connection, name, copy => Holds(copy, log) ? name : throw SqliteFaults.Damaged(copy, "the copy does not hold what the store holds"), say);
        }
    }

    private static long MebibytesOf(string file) => new FileInfo(file) is { Exists: true, Length: var length } ? length >> 20 : 0;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private bool Holds(string file, (string Epoch, long Head) log)
    {
        try
        {
            SqliteOpening.CheckFirstPage(file);
            using var backup = SqliteFiles.Connect(file, SqliteOpenMode.ReadOnly);
            return SqliteSchema.Read(backup, Version) == log;
        }
        catch (Exception fault) when (fault is StoreException or SqliteException)
        {
            return false;
        }
    }
}
