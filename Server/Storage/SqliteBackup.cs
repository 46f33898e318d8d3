using System.Globalization;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// A copy of a SQLite store in one file, taken while a hub serves it or not, and a store made from one. Both are read through in full before
/// they are given their name.
/// </summary>
internal static class SqliteBackup
{
    /// <summary>Writes the store, as it is at this moment, to a new file. Neither readers nor the hub's commits wait for it.</summary>
    /// <exception cref="StoreException">It cannot be done; no file was left.</exception>
    public static (string Epoch, long Head) Take(StorageOptions options, string file, Action<string> say)
    {
        var target = Path.GetFullPath(file);
        if (File.Exists(target)) throw new StoreException($"{target} is there already. Choose another name; nothing was written.");
        var (store, source) = Source(options);
        using (source)
        {
            say($"Copying {store}");
            return Write(source, target, copy => Verify(copy, say), say);
        }
    }

    /// <summary>Copies a store to a new file, which gets its name once it was found good and flushed.</summary>
    /// <exception cref="StoreException">It cannot be done; no file was left.</exception>
    public static T Write<T>(SqliteConnection source, string target, Func<string, T> verify, Action<string> say)
    {
        try
        {
            // A file of its own without the gaps of the old one, read from one moment's snapshot.
            using var draft = Draft.Begin(target, say);
            // It is flushed once, when it is finished.
            SqliteSchema.Execute(source, "PRAGMA synchronous=OFF");
            SqliteSchema.Execute(source, $"VACUUM INTO '{draft.Path.Replace("'", "''", StringComparison.Ordinal)}'");
            SqliteSchema.Execute(source, "PRAGMA synchronous=FULL");
            var told = verify(draft.Path);
            draft.Finish();
            return told;
        }
        catch (SqliteException fault)
        {
            throw fault.Explain(source.DataSource, $"be copied to {target}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The backup {target} cannot be written: {FileLock.Explain(fault)}.", fault, StoreException.FaultOf(fault));
        }
    }

    /// <summary>Makes a store from a backup. The files that were there are kept in a folder beside it.</summary>
    /// <param name="keepEpoch">Whether positions of the backed up store stay valid: only when nothing was poured there since.</param>
    /// <exception cref="StoreException">It cannot be done; the folder is as it was.</exception>
    public static (string Epoch, long Head, string? Kept) Restore(StorageOptions options, string file, bool force, bool keepEpoch, Action<string> say)
    {
        if (!File.Exists(file)) throw new StoreException($"There is no file {Path.GetFullPath(file)}.");
        using var folder = StoreFolder.Hold(options.Path);
        var unfinished = UnfinishedRestore.Find(folder);
        var hasOld = unfinished is null ? StoreFolder.HasStore(folder.Path) : unfinished.KeptIn.Length > 0;
        if (hasOld && !force)
            throw new StoreException($"The folder {folder.Path} holds a store. With --force its files are kept in a folder beside it and the backup takes their place.");

        if (unfinished is not null) say("A restore into this folder was cut short; it is done again");

        // A hub must not begin an empty store where a first restore was cut short. An existing store stays in use until its files are moved.
        var restore = unfinished ?? (hasOld ? null : UnfinishedRestore.Begin(folder, keeps: false));
        var restored = (Epoch: "", Head: 0L);
        var moves = false;
        try
        {
            Verify(file, say);
            SqliteOpening.Place(
                folder,
                making =>
                {
                    say("Copying");
                    File.Copy(file, making);
                    using var connection = SqliteFiles.Connect(making);

                    // It is flushed once, as a whole, before it gets its name.
                    SqliteSchema.Execute(connection, "PRAGMA journal_mode=DELETE; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
                    SqliteMigration.Known.Apply(connection);
                    if (!keepEpoch) SqliteSchema.SetEpoch(connection, StoreFolder.NewEpoch());
                    restored = Verify(connection, making, say);
                    SqliteSchema.Execute(connection, "PRAGMA journal_mode=WAL");
                    SqliteFiles.KeepLog(connection, false);
                },
                () =>
                {
                    moves = true;
                    restore ??= UnfinishedRestore.Begin(folder, keeps: true);
                    restore.KeepFiles();
                });
        }
        catch when (!moves && unfinished is null)
        {
            SqliteOpening.RemoveHalfMade(folder);
            restore?.End();
            throw;
        }

        File.Delete(folder.File(StoreFolder.KeysHeard));
        HighWaterMark.Open(folder, new Mark(restored.Epoch, restored.Head)).Dispose();
        restore!.End();
        return (restored.Epoch, restored.Head, hasOld ? folder.File(restore.KeptIn) : null);
    }

    /// <summary>What does not hold in a backup, or in the store of a hub that is stopped; where all does, its epoch and its last position.</summary>
    public static (IReadOnlyList<string> Faults, string Epoch, long Head) Check(StorageOptions options, string? file, Action<string> say)
    {
        if (file is not null)
        {
            using var backup = OpenBackup(file);
            return Check(backup, say);
        }

        ExpectStore(options);
        using var folder = Held(options) ?? throw new StoreException(
            $"The folder {Path.GetFullPath(options.Path)} is held by a hub. Stop it; or, while it serves, take a backup, which is checked as well.");
        using var store = SqliteFiles.OpenToRead(folder);
        return Check(store, say);
    }

    /// <summary>A connection to a backup, which stays as it is.</summary>
    public static SqliteConnection OpenBackup(string file)
    {
        if (!File.Exists(file)) throw new StoreException($"There is no file {Path.GetFullPath(file)}.");
        SqliteOpening.CheckFirstPage(file);
        return SqliteFiles.Connect(file, SqliteOpenMode.ReadOnly);
    }

    /// <summary>A connection to the store: beside the hub that holds it, or after the same look at its files that a hub takes.</summary>
    public static (string Store, SqliteConnection Source) Source(StorageOptions options)
    {
        var store = Path.Combine(Path.GetFullPath(options.Path), SqliteFiles.FileName);
        ExpectStore(options);
        using (var folder = Held(options))
        {
            if (folder is not null) SqliteFiles.OpenToRead(folder).Dispose();
        }

        return (store, SqliteFiles.Connect(store, SqliteOpenMode.ReadOnly));
    }

    private static void ExpectStore(StorageOptions options)
    {
        var folder = Path.GetFullPath(options.Path);
        UnfinishedRestore.Refuse(folder);
        if (!StoreFolder.HasStore(folder))
            throw new StoreException($"There is no store in {folder}. Set --Storage:Path to the folder of the hub's store; nothing was made.");
        if (File.Exists(Path.Combine(folder, StoreFolder.LiteDbName)) && !File.Exists(Path.Combine(folder, SqliteFiles.FileName)))
        {
            throw new StoreException(
                $"The store in {folder} is a LiteDB store; this command knows the sqlite store. Stop the hub and copy the folder; nothing was made.");
        }
    }

    /// <summary>The folder, or null when a hub holds it.</summary>
    private static StoreFolder? Held(StorageOptions options)
    {
        try
        {
            return StoreFolder.Hold(options.Path);
        }
        catch (StoreException fault) when (fault.Fault == StoreFault.Held)
        {
            return null;
        }
    }

    private static (IReadOnlyList<string> Faults, string Epoch, long Head) Check(SqliteConnection connection, Action<string> say)
    {
        var faults = SqliteCheck.FaultsOf(connection, say);
        var (epoch, head) = faults.Count == 0 ? SqliteSchema.Read(connection) : ("", 0);
        return (faults, epoch, head);
    }

    private static (string Epoch, long Head) Verify(string file, Action<string> say)
    {
        SqliteOpening.CheckFirstPage(file);
        using var connection = SqliteFiles.Connect(file, SqliteOpenMode.ReadOnly);
        return Verify(connection, file, say);
    }

    private static (string Epoch, long Head) Verify(SqliteConnection connection, string file, Action<string> say)
    {
        var faults = SqliteCheck.FaultsOf(connection, part => say(string.Create(CultureInfo.InvariantCulture, $"Checking: {part}")));
        if (faults.Count > 0) throw new StoreException($"{file} is not sound: {string.Join("; ", faults.Take(3))}. Nothing was changed.", fault: StoreFault.Damaged);
        return SqliteSchema.Read(connection);
    }
}
