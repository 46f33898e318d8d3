using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>The files of the SQLite store: the database, its write-ahead log, and the mark that tells whether both are whole.</summary>
internal sealed unsafe class SqliteFiles : IDisposable
{
    public const string FileName = "beertap.db";

    /// <summary>How long the log grows before it is moved into the database; SQLite's own default.</summary>
    private const int FramesUntilCheckpoint = 1_000;

    /// <summary>
    /// How long the log may grow (32 MiB) while readers that overlap keep it from beginning anew. From then on the committer waits for those that
    /// read, and again each time it has grown by another 8 MiB.
    /// </summary>
    private const int FramesUntilRestart = 8_000, FramesUntilNextRestart = 2_000;

    /// <summary>
    /// How long it waits: twice as long with each try that failed, so that short reads hold up the intake for a moment only, and long ones cannot
    /// make the log grow without bound.
    /// </summary>
    private static readonly TimeSpan ShortestRestartWait = TimeSpan.FromMilliseconds(50), LongestRestartWait = TimeSpan.FromSeconds(5);

    /// <summary>SQLite's own wait sleeps whole seconds where it was built without a finer one.</summary>
    private static readonly TimeSpan RestartRetry = TimeSpan.FromMilliseconds(5);

    /// <summary>Seconds a statement waits for a lock; only a stranger in the file can hold one that long.</summary>
    private const int LockTimeout = 5;

    private readonly StoreFolder _folder;
    private readonly HighWaterMark _mark;
    private readonly string _epoch;
    private readonly int* _frames = (int*)NativeMemory.AllocZeroed(sizeof(int));
    private SafeFileHandle? _log;
    private ulong _foundLog, _markedLog;
    private long _head;
    private int _restartAt = FramesUntilRestart;
    private TimeSpan _restartWait = ShortestRestartWait;
    private Exception? _settling;
    private bool _mustSettle;
    private bool _closed;

    private SqliteFiles(StoreFolder folder, SqliteConnection writer, SqliteOpening opened)
    {
        (_folder, Writer, _epoch, _head) = (folder, writer, opened.Epoch, opened.Head);
        (_foundLog, *_frames) = (opened.Log?.Id ?? 0, (int)(opened.Log?.Frames ?? 0));
        _mark = HighWaterMark.Open(folder, new Mark(_epoch, _head, _foundLog, *_frames));
        SqliteNative.WalHook(writer.Handle!.DangerousGetHandle(), &Committed, (nint)_frames);

        // A kill may have left commits in the log whose flush had failed: the system reads them, the disk does not have them.
        _mustSettle = *_frames > 0;
    }

    public SqliteConnection Writer { get; }

    public string Path => _folder.File(FileName);

    /// <summary>Opens the store, or makes it when there was none; one of an older schema is migrated first.</summary>
    /// <param name="say">Told how far a migration is.</param>
    /// <exception cref="StoreException">A file is damaged, or of a newer schema; nothing was changed.</exception>
    public static (SqliteFiles Files, SqliteOpening Opened) Open(StoreFolder folder, bool acceptLoss, SqliteMigration migration, Action<string> say)
    {
        var (files, opened) = OpenAsItIs(folder, acceptLoss, migration.Version);
        if (SqliteSchema.VersionOf(files.Writer) == migration.Version) return (Settled(files), opened);
        files.Dispose();
        var said = migration.Run(folder, say, TimeProvider.System);
        (files, var migrated) = OpenAsItIs(folder, acceptLoss: false, migration.Version);
        return (Settled(files), migrated with { Warnings = [.. opened.Warnings, said, .. migrated.Warnings] });
    }

    private static SqliteFiles Settled(SqliteFiles files)
    {
        try
        {
            try
            {
                files.Settle();
            }
            catch (StoreException ex) when (ex.Fault == StoreFault.DiskFull)
            {
                // What is there can be read, and the log is moved before the next commit.
                using var log = File.OpenHandle(files.Path + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
                Disk.FlushAgain(log);
            }

            foreach (var kind in new[] { "-wal", "-shm" }) files._folder.Files.Add(files.Path + kind);
            return files;
        }
        catch
        {
            files.Abandon();
            throw;
        }
    }

    /// <summary>Opens the store in the schema it has.</summary>
    /// <exception cref="StoreException">A file is damaged, or of a newer schema; nothing was changed.</exception>
    public static (SqliteFiles Files, SqliteOpening Opened) OpenAsItIs(StoreFolder folder, bool acceptLoss, int newest = SqliteSchema.Version)
    {
        SqliteFileSystem.Install();
        var before = SqliteOpening.LookBefore(folder);
        var writer = Connect(folder.File(FileName), writes: true);
        try
        {
            var opened = SqliteOpening.Look(folder, writer, before, acceptLoss, newest);
            SqliteSchema.RequireWal(writer);
            return (new SqliteFiles(folder, writer, opened), opened);
        }
        catch (SqliteException fault)
        {
            writer.Dispose();
            throw fault.Explain(folder.File(FileName), "be opened");
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Opens the store of a folder that is held, to read it: nothing is made or changed.</summary>
    /// <exception cref="StoreException">There is no such store, or it is damaged.</exception>
    public static SqliteConnection OpenToRead(StoreFolder folder)
    {
        var before = SqliteOpening.LookBefore(folder, mayMake: false);
        var hadLog = File.Exists(folder.File(FileName) + "-wal");
        var connection = Connect(folder.File(FileName));
        try
        {
            SqliteOpening.Look(folder, connection, before, acceptLoss: false, mayChange: false);

            // SQLite makes an empty log to read; the last to close it takes that with it.
            KeepLog(connection, hadLog);
            return connection;
        }
        catch (SqliteException ex)
        {
            connection.Dispose();
            throw ex.Explain(folder.File(FileName), "be opened");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that leaves the log alone when it is closed, whatever it found.</summary>
    public static SqliteConnection Connect(string file, SqliteOpenMode mode = SqliteOpenMode.ReadWrite, bool writes = false)
    {
        SqliteFileSystem.Install();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, Mode = mode, DefaultTimeout = LockTimeout }.ToString());
        try
        {
            connection.Open();
            KeepLog(connection, true);
            SqliteSchema.Tune(connection, writes);
            return connection;
        }
        catch (SqliteException fault)
        {
            connection.Dispose();
            throw fault.Explain(file, "be opened");
        }
    }

    /// <summary>Remembers a commit that was flushed; moves the log into the database when it has grown long.</summary>
    public void Committed(long head)
    {
        _head = head;
        try
        {
            _log ??= File.OpenHandle(Path + "-wal", FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var id = SqliteWal.ReadId(_log);
            _mark.Write(new Mark(_epoch, head, id, *_frames));

            // A mark is flushed before a second commit joins a log that it does not name, so a log of another store is seen.
            if (id != _markedLog) _mark.Flush();
            _markedLog = id;
            if (*_frames < FramesUntilCheckpoint) return;

            // Once the database holds pages of these commits, a log that lost them would leave a mixture: this must be seen even after a
            // power cut, so here the mark is flushed.
            _mark.Flush();
            if (*_frames < _restartAt) SqliteSchema.Execute(Writer, "PRAGMA wal_checkpoint(PASSIVE)");
            else RestartLog();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SqliteException)
        {
            // The commit itself is on the disk and must be answered so. An old mark claims less; a checkpoint that failed comes again.
        }
    }

    /// <summary>
    /// After a commit that failed: begins the log anew, and takes no other commit before that is done. What the failed commit left behind the
    /// log's end could otherwise pass for a flushed commit that was damaged; and an empty log gives room back when the disk is full.
    /// </summary>
    /// <param name="isOfTheBatch">The batch was refused for what it holds, before anything was written to the log.</param>
    public void Failed(bool isOfTheBatch)
    {
        if (isOfTheBatch) return;
        _mustSettle = true;
        TrySettle();
    }

    /// <summary>
    /// After a failed commit, and at the start: moves the log into the database and flushes it, so that all that is read is on the disk. To read
    /// a file back proves nothing after a failed flush, since the system answers from memory; pages that are written again and flushed do.
    /// </summary>
    /// <exception cref="StoreException">It cannot be done now; it is tried again before the next commit.</exception>
    public void Settle()
    {
        if (!_mustSettle || TrySettle()) return;
        throw new StoreException(
            $"The store {Path} takes no commit: its log must be moved into the database first, and that fails ({_settling?.Message ?? "it is being read"}).",
            _settling,
            KindOf(_settling));
    }

    private static StoreFault KindOf(Exception? fault) => fault switch
    {
        SqliteException ex => ex.Explain("", "").Fault,
        null => StoreFault.Unavailable,
        _ => StoreException.FaultOf(fault),
    };

    private bool TrySettle()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!EmptyLog(closing: false))
        {
            // A reader in the way is done soon; a fault is not waited for.
            if (_settling is not null || TimeProvider.System.GetElapsedTime(began) > LongestRestartWait) return false;
            Task.Delay(RestartRetry, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult();
        }

        _mustSettle = false;
        return true;
    }

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        EmptyLog(closing: true);
        Close();
    }

    /// <summary>Closes and leaves everything as it is.</summary>
    public void Abandon()
    {
        if (_closed) return;
        _closed = true;
        Close();
    }

    /// <summary>
    /// Moves the whole log into the database once those that read now are done, so that the next commit begins it anew. Who begins to read
    /// meanwhile is not waited for: it finds all it needs in the database.
    /// </summary>
    private void RestartLog()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!Checkpoint(Writer, "RESTART"))
        {
            if (TimeProvider.System.GetElapsedTime(began) >= _restartWait)
            {
                _restartAt = *_frames + FramesUntilNextRestart;
                _restartWait = _restartWait * 2 < LongestRestartWait ? _restartWait * 2 : LongestRestartWait;
                return;
            }

            Task.Delay(RestartRetry, TimeProvider.System, CancellationToken.None).GetAwaiter().GetResult();
        }

        (_restartAt, _restartWait) = (FramesUntilRestart, ShortestRestartWait);
    }

    private void Close()
    {
        Writer.Dispose();
        _log?.Dispose();
        _mark.Dispose();
        NativeMemory.Free(_frames);
    }

    /// <summary>Moves the whole log into the database. What cannot be moved stays in the log, where the next start finds it.</summary>
    /// <returns>Whether it is empty and flushed; else <see cref="_settling"/> is what failed, or null when a reader stood in the way.</returns>
    private bool EmptyLog(bool closing)
    {
        _settling = null;
        try
        {
            // The log is emptied between two marks; killed there, the store knows that an empty log may be right.
            _mark.Write(new Mark(_epoch, _head, _log is null ? _foundLog : SqliteWal.ReadId(_log), *_frames, Closing: true));
            _mark.Flush();
            if (!Checkpoint(Writer, "TRUNCATE")) return false;
            (_foundLog, *_frames) = (0, 0);
            _mark.Write(new Mark(_epoch, _head));
            _mark.Flush();
            if (closing) KeepLog(Writer, false);
            return true;
        }
        catch (Exception ex) when (ex is IOException or SqliteException)
        {
            _settling = ex;
            return false;
        }
    }

    /// <summary>Moves the log into the database; false when somebody stood in the way.</summary>
    public static bool Checkpoint(SqliteConnection connection, string mode)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA wal_checkpoint({mode})";
        using var row = command.ExecuteReader();
        return row.Read() && row.GetInt64(0) == 0;
    }

    /// <summary>Whether closing the last connection leaves the log as it is.</summary>
    public static void KeepLog(SqliteConnection connection, bool keep) =>
        raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, out _);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Committed(nint frames, nint connection, byte* database, int count)
    {
        *(int*)frames = count;
        return 0;
    }
}
