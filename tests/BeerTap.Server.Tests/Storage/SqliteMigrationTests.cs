using System.IO.Compression;
using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Tests.Storage;

/// <summary>
/// Upgrades, from the files of a store that the first BeerTap with this schema made over REST and stopped in order (<c>schema-1.zip</c>): seven
/// positions, of which one is a deletion.
/// </summary>
public sealed class SqliteMigrationTests : IDisposable
{
    private const string Epoch = "whrbkwgp";

    /// <summary>No real schema: what a later one could be, with a table more and a column filled from what was there. It leads on from the newest.</summary>
    private static readonly SqliteMigration MadeUp = Later(connection => SqliteSchema.Execute(
        connection, "ALTER TABLE log ADD COLUMN deciliters; UPDATE log SET deciliters = CAST(volume AS REAL) / 1000000 WHERE tap IS NOT NULL; CREATE TABLE madeup (name TEXT)"));

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("beertap-test-");

    [Fact]
    public void AStoreOfTheFirstVersionServesAllItHolds()
    {
        using var folder = StoreFolder.Hold(First());
        using var store = new SqliteBeerStore(folder);
        HoldsEverything(store);
    }

    [Fact]
    public void AnOlderStoreIsMigratedWithABackupKeptBesideIt()
    {
        var path = First();
        var said = new List<string>();
        using (var folder = StoreFolder.Hold(path))
        using (var store = new SqliteBeerStore(folder, migration: MadeUp, say: said.Add))
        {
            HoldsEverything(store);
            Assert.Equal(
                [
                    $"Before the store is brought to schema {MadeUp.Version} it is copied to {Kept(path)}",
                    $"The store is brought from schema 1 to {MadeUp.Version}; the hub serves when that is done",
                ],
                said);
            Assert.Contains(store.Warnings, warning => warning.Contains($"to {MadeUp.Version}.", StringComparison.Ordinal) && warning.Contains(Kept(path), StringComparison.Ordinal));
        }

        Assert.Equal(MadeUp.Version, VersionIn(path));
        Assert.Equal(3.305, Scalar(Path.Combine(path, "beertap.db"), "SELECT deciliters FROM log WHERE seq = 1"));

        // Nothing more at the next start.
        using (var folder = StoreFolder.Hold(path))
        using (var store = new SqliteBeerStore(folder, migration: MadeUp))
        {
            Assert.Empty(store.Warnings);
            var batch = new LogBatch(store.Head);
            batch.Pour(StoreUnderTest.Pour());
            store.Append(batch);
        }

        Assert.Equal([Path.GetFileName(Kept(path))], Directory.GetFiles(path, "before-*").Select(Path.GetFileName));

        // The way back: the backup is a store that the older version takes.
        var back = _root.CreateSubdirectory("back").FullName;
        SqliteBackup.Restore(new StorageOptions { Path = back }, Kept(path), force: false, keepEpoch: true, _ => { });
        using (var folder = StoreFolder.Hold(back))
        using (var store = new SqliteBeerStore(folder)) HoldsEverything(store);
    }

    [Fact]
    public void ANewerStoreIsRefusedByNameAndLeftAsItIs()
    {
        var path = First();
        using (var folder = StoreFolder.Hold(path))
        using (new SqliteBeerStore(folder, migration: MadeUp))
        {
        }

        var before = File.ReadAllBytes(Path.Combine(path, "beertap.db"));
        using (var folder = StoreFolder.Hold(path))
        {
            var refusal = Assert.Throws<StoreException>(() => new SqliteBeerStore(folder));
            Assert.Contains($"newer BeerTap (schema {MadeUp.Version}, this one knows {SqliteSchema.Version})", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, File.ReadAllBytes(Path.Combine(path, "beertap.db")));
    }

    [Fact]
    public void AMigrationThatFailsLeavesTheStoreAsItWasAndCanBeTriedAgain()
    {
        var path = First();
        using (var folder = StoreFolder.Hold(path))
        {
            var broken = Later(connection => SqliteSchema.Execute(connection, "CREATE TABLE madeup (name TEXT); INSERT INTO nowhere VALUES (1)"));
            Assert.Contains("be brought to schema", Assert.Throws<StoreException>(() => new SqliteBeerStore(folder, migration: broken)).Message, StringComparison.Ordinal);
        }

        Assert.True(File.Exists(Kept(path)));
        using (var folder = StoreFolder.Hold(path))
        using (var store = new SqliteBeerStore(folder, migration: MadeUp)) HoldsEverything(store);

        // The first attempt's backup holds the same log: one is enough.
        Assert.Single(Directory.GetFiles(path, "before-*"));
    }

    [Fact]
    public void AMigrationThatIsCutShortIsThereWholeOrNotAtAll()
    {
        var path = First();
        string? during = null;
        var migration = Later(connection =>
        {
            SqliteSchema.Execute(connection, "PRAGMA cache_size=1; PRAGMA cache_spill=1; CREATE TABLE madeup (name TEXT)");
            SqliteSchema.Execute(connection, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO madeup SELECT HEX(ZEROBLOB(500)) FROM n");
            during = CopyOf(path, "during");
        });
        string after;
        using (var folder = StoreFolder.Hold(path))
        {
            // As the start does it, but for the last step: the log is not yet moved into the database.
            SqliteFiles.OpenAsItIs(folder, acceptLoss: false).Files.Dispose();
            using var connection = SqliteFiles.Connect(Path.Combine(path, "beertap.db"), writes: true);
            migration.Apply(connection);
            after = CopyOf(path, "after");
        }

        Assert.True(new FileInfo(Path.Combine(during!, "beertap.db-wal")).Length > 0, "nothing of the migration was in the log yet");
        Assert.Equal((1, MadeUp.Version), (VersionIn(during!), VersionIn(after)));
        foreach (var image in new[] { during!, after })
        {
            using var folder = StoreFolder.Hold(image);
            using var store = new SqliteBeerStore(folder, migration: migration);
            HoldsEverything(store);
        }
    }

    [Fact]
    public void EverySchemaHasItsStep() => Assert.Equal(SqliteSchema.Version, SqliteMigration.Known.Version);

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>Steps that lead one schema further than any that there is.</summary>
    private static SqliteMigration Later(SqliteMigration.Step step) => SqliteMigration.Known.And(step);

    private static string Kept(string path) => Path.Combine(path, $"before-schema-{MadeUp.Version}.beertap");

    private string First()
    {
        var path = _root.CreateSubdirectory("first").FullName;
        ZipFile.ExtractToDirectory(Path.Combine(AppContext.BaseDirectory, "Storage", "schema-1.zip"), path);
        return path;
    }

    private string CopyOf(string path, string name)
    {
        var copy = _root.CreateSubdirectory(name).FullName;
        foreach (var file in Directory.GetFiles(path, "beertap.*").Where(file => !file.EndsWith("-shm", StringComparison.Ordinal) && !file.EndsWith(StoreFolder.LockFile, StringComparison.Ordinal)))
        {
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var target = File.Create(Path.Combine(copy, Path.GetFileName(file)));
            source.CopyTo(target);
        }

        return copy;
    }

    private int VersionIn(string path)
    {
        // Of a copy: a look by SQLite changes files.
        var copy = CopyOf(path, $"look-{Guid.NewGuid():N}");
        return Convert.ToInt32(Scalar(Path.Combine(copy, "beertap.db"), "PRAGMA user_version"), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static object? Scalar(string file, string sql)
    {
        using var connection = SqliteFiles.Connect(file);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void HoldsEverything(SqliteBeerStore store)
    {
        Assert.Equal((Epoch, 7), (store.Epoch, store.Head));
        Beer[] beers =
        [
            new(1, "pint", 330.5, At(1, 18, 30, 0, 125), 1),
            new(2, "half", 100, At(1, 18, 59, 59, 999), 1),
            new(3, "stein", 812.3456789, At(1, 19), 2),
            new(4, "stein", 1000, At(2, 0), int.MaxValue),
            new(7, "pint", 300.1, At(3, 12), 2),
        ];
        Assert.Equal(beers, store.List(new BeerFilter(), new PageCut(100)));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], store.ReadLog(0, 100).Select(entry => entry.Seq));
        Assert.Equal(5, Assert.IsType<BeerDeleted>(store.ReadLog(5, 1)[0]).Beer.Id);
        Assert.Equal(
            (1, 2, 3, 5),
            (store.FindPour(1, "tap-1-0001")!.Id, store.FindPour(1, "0123456789abcdef0123456789abcdef")!.Id, store.FindPour(2, "ünïcode, \"quoted\"")!.Id, store.FindPour(1, "gone")!.Id));
        Assert.Equal(
            [(1, "half", 1), (1, "pint", 1), (2, "pint", 1), (2, "stein", 1), (int.MaxValue, "stein", 1)],
            store.ReadTotals().Where(total => total.Beers > 0).Select(total => (total.TapId, total.Type, total.Beers)).Order());
        Assert.Equal(2, store.Count(new BeerFilter(From: At(1, 18), To: At(1, 19))));
    }

    private static DateTime At(int day, int hour, int minute = 0, int second = 0, int millisecond = 0) => new(2026, 5, day, hour, minute, second, millisecond, DateTimeKind.Utc);
}
