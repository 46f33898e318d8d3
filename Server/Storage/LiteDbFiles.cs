using System.Runtime.InteropServices;
using LiteDB;
using LiteDB.Engine;
using Microsoft.Win32.SafeHandles;

namespace BeerTap.Server.Storage;

/// <summary>
/// LiteDB's engine and its two files: the data, and the log of commits that are not in the data yet. The log file is opened here and lent
/// to LiteDB, because LiteDB 5 offers no way to flush it, and on Windows no other handle could.
/// </summary>
internal sealed class LiteDbFiles : IDisposable
{
    private const string DataName = "beertap.litedb", LogName = "beertap-log.litedb";

    // A checkpoint drops LiteDB's page cache, so it is worth few of them; reading this much back takes a start a fraction of a second.
    private const long LongestLog = 32 * 1024 * 1024;

    private readonly LiteDbLogFile _log;

    private LiteDbFiles(LiteDbLogFile log, LiteEngine engine) => (_log, Engine, Durable) = (log, engine, log.Length);

    public LiteEngine Engine { get; }

    /// <summary>Up to where the log file holds whole batches that were flushed.</summary>
    public long Durable { get; private set; }

    /// <param name="openLog">Opens or makes the log file of that path.</param>
    /// <param name="durable">Up to where the log is good; the rest was never answered and is cut off. Null at the first opening.</param>
    public static LiteDbFiles Open(StoreFolder folder, Func<string, FileStream> openLog, long? durable)
    {
        var log = new LiteDbLogFile(openLog(folder.File(LogName)));
        LiteEngine? engine = null;
        try
        {
            if (durable < log.Length) log.SetLength(durable.Value);
            engine = new LiteEngine(new EngineSettings
            {
                Filename = folder.File(DataName),
                LogStream = log,
                Collation = Collation.Binary,
            });

            // The store makes its own checkpoints, between batches.
            engine.Pragma("CHECKPOINT", 0);

            // What a crash left unflushed is about to be read and told.
            log.FlushToDisk();
            FlushNames(folder.Path);
            return new LiteDbFiles(log, engine);
        }
        catch
        {
            engine?.Dispose();
            log.Dispose();
            throw;
        }
    }

    public static FileStream OpenLog(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

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
        _log.Dispose();
    }

    /// <summary>A new file survives a power cut only once its folder was flushed too; Windows sees to that itself.</summary>
    private static void FlushNames(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        using var handle = new SafeFileHandle(OpenForReading(folder, 0), ownsHandle: true);
        if (handle.IsInvalid) throw new IOException($"The folder {folder} cannot be flushed (error {Marshal.GetLastPInvokeError()}).");
        RandomAccess.FlushToDisk(handle);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint OpenForReading([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
