using LiteDB;
using LiteDB.Engine;

namespace BeerTap.Server.Storage;

/// <summary>
/// LiteDB's engine and its two files: the data, and the log of commits that are not in the data yet. Both are opened here and lent to LiteDB:
/// LiteDB 5 offers no way to flush the log, and flushes the data by a call of the framework that does not say when it failed.
/// </summary>
internal sealed class LiteDbFiles : IDisposable
{
    private const string LogName = "beertap-log.litedb";

    // A checkpoint drops LiteDB's page cache, so it is worth few of them; reading this much back takes a start a fraction of a second.
    private const long LongestLog = 32 * 1024 * 1024;

    private readonly LiteDbDataFile _data;
    private readonly LiteDbLogFile _log;

    private LiteDbFiles(LiteDbDataFile data, LiteDbLogFile log, LiteEngine engine) => (_data, _log, Engine, Durable) = (data, log, engine, log.Length);

    public LiteEngine Engine { get; }

    /// <summary>Up to where the log file holds whole batches that were flushed.</summary>
    public long Durable { get; private set; }

    /// <param name="openLog">Opens or makes the log file of that path.</param>
    /// <param name="durable">Up to where the log is good; the rest was never answered and is cut off. Null at the first opening.</param>
    public static LiteDbFiles Open(StoreFolder folder, Func<string, FileStream> openLog, long? durable)
    {
        // Opened again after a fault: another file at the same path is not this store.
        if (durable is not null) folder.Files.Check(TimeSpan.Zero);
        var logFile = openLog(folder.File(LogName));
        var log = new LiteDbLogFile(logFile);
        LiteDbDataFile? data = null;
        LiteEngine? engine = null;
        try
        {
            var dataFile = OpenFile(folder.File(StoreFolder.LiteDbName));
            data = new LiteDbDataFile(dataFile);
            if (!FileLock.TryLockBeside(dataFile.SafeFileHandle))
            {
                throw new StoreException($"{dataFile.Name} is held by another hub. Stop the other hub.", fault: StoreFault.Held);
            }

            folder.Files.Add(dataFile.Name, dataFile.SafeFileHandle);
            folder.Files.Add(logFile.Name, logFile.SafeFileHandle);

            // What a kill left in the log is about to be read and told, and its flush may have failed: reading it back proves nothing then, since the
            // system answers from memory. After a fault the log holds only what was flushed, and can be read though the disk refuses to flush.
            if (durable is null) Disk.FlushAgain(logFile.SafeFileHandle);
            if (durable < log.Length) log.SetLength(durable.Value);
            engine = new LiteEngine(new EngineSettings
            {
                // Named as well for the temporary file of a large sort, which lies beside it.
                Filename = dataFile.Name,
                DataStream = data,
                LogStream = log,
                Collation = Collation.Binary,
            });

            // The store makes its own checkpoints, between batches.
            engine.Pragma("CHECKPOINT", 0);
            if (durable is null)
            {
                log.FlushToDisk();
                folder.FlushNames();
            }

            return new LiteDbFiles(data, log, engine);
        }
        catch
        {
            engine?.Dispose();
            data?.Dispose();
            log.Dispose();
            throw;
        }
    }

    public static FileStream OpenFile(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    /// <summary>Runs a transaction; it is on the disk when this returns. After an exception the files must be closed and opened again.</summary>
    public void Commit(Action write)
    {
        if (_log.Length > LongestLog) Checkpoint();
        Engine.BeginTrans();
        write();
        Engine.Commit();
        _log.FlushToDisk();
        Durable = _log.Length;
    }

    /// <summary>Moves the log into the data. LiteDB flushes the data before it empties the log.</summary>
    public void Checkpoint()
    {
        Engine.Checkpoint();
        _log.FlushToDisk();
        Durable = _log.Length;
    }

    public void Dispose()
    {
        Engine.Dispose();
        _data.Dispose();
        _log.Dispose();
    }
}
