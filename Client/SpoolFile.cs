using System.Buffers;
using System.Text.Json;
using System.Threading.Channels;

namespace BeerTap.Client;

/// <summary>The spool cannot be used; the message is one line for the person who named the file.</summary>
internal sealed class SpoolException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The unacknowledged pours as an append-only file of JSON lines: a pour when it was measured, its id when it is settled.
/// One loop owns the file; pours that arrive together share one flush, and a pour's task completes only after it.
/// A lost "settled" line is harmless: that pour is sent again and the hub recognises its id.
/// </summary>
internal sealed class SpoolFile : IAsyncDisposable
{
    /// <summary>Rewriting a small file gains nothing; above this, a file with four lines per waiting pour is rewritten.</summary>
    public const int DefaultCompactFrom = 1024;

    private const int LinesPerWaitingPour = 4;

    private readonly string _path;
    private readonly FileLock _held;
    private readonly Channel<Entry> _entries = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });

    // Owned by the writing loop.
    private readonly Dictionary<string, (long Order, Pour Pour)> _waiting;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly List<TaskCompletionSource> _toTell = [];
    private FileStream _file;
    private int _compactFrom;
    private long _order;
    private int _lines;
    private bool _nameIsFlushed = true;

    private SpoolFile(string path, FileLock held, FileStream file, SpoolContent content, int compactFrom)
    {
        _path = path;
        _held = held;
        _file = file;
        _compactFrom = compactFrom;
        Left = content.Waiting;
        _lines = content.Lines;
        _waiting = Left.ToDictionary(pour => pour.PourId, pour => (_order++, pour));
        Writing = Task.Run(WriteAsync);
    }

    public IReadOnlyList<Pour> Left { get; }

    public string RejectedFile => _path + ".rejected";

    /// <summary>The writing loop: ends when the file is closed, faults when the disk refuses.</summary>
    public Task Writing { get; }

    /// <exception cref="SpoolException">In use by another client, not a spool, or not readable and writable.</exception>
    public static SpoolFile Open(string path, int compactFrom = DefaultCompactFrom)
    {
        FileLock? held = null;
        FileStream? file = null;
        try
        {
            // A rewrite replaces the name by rename: follow links first, or the link itself would be replaced.
            path = (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
            held = Hold(path);
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 0);

            // Also where somebody deleted the lock file of a client that runs.
            if (!FileLock.TryLockBeside(file.SafeFileHandle))
            {
                throw InUse(path);
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            var content = SpoolContent.Read(bytes, path);

            // What a kill tore off must not become the beginning of the next line.
            file.SetLength(content.GoodBytes);
            file.Seek(0, SeekOrigin.End);
            if (content.GoodBytes == 0)
            {
                file.Write(SpoolContent.Header);
            }

            // What a kill left may have been read from memory alone, and the name may be new.
            Rewrite(file, bytes.AsSpan(0, content.GoodBytes));
            Disk.FlushFolder(Path.GetDirectoryName(path)!);

            return new SpoolFile(path, held, file, content, compactFrom);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or NotSupportedException or SpoolException)
        {
            file?.Dispose();
            held?.Dispose();
            throw fault as SpoolException ?? new SpoolException($"the spool {path} cannot be used: {FileLock.Explain(fault)}", fault);
        }
    }

    /// <summary>Done when the pour is on disk.</summary>
    public Task AddAsync(Pour pour)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _entries.Writer.TryWrite(new Entry(new SpoolRecord(pour, null), done))
            ? done.Task
            : Task.FromException(new SpoolException($"the spool {_path} is closed"));
    }

    /// <summary>On disk with the next flush, or never if the file is being closed for a fault: see the type's summary.</summary>
    public void Settle(string pourId) => _entries.Writer.TryWrite(new Entry(new SpoolRecord(null, pourId), null));

    /// <summary>Keeps a pour that the hub refused for good in a file of its own, on disk before this returns; false when the disk does not take it.</summary>
    public bool TryReject(Pour pour, string why)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            JsonSerializer.Serialize(json, new RejectedPour(pour, why), ClientJson.Default.RejectedPour);
        }

        line.Write("\n"u8);
        try
        {
            lock (_held)
            {
                using var rejected = new FileStream(RejectedFile, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
                rejected.Write(line.WrittenSpan);
                Disk.Flush(rejected.SafeFileHandle);
                Disk.FlushFolder(Path.GetDirectoryName(RejectedFile)!);
            }

            return true;
        }
        catch (Exception ex) when (IsOfTheDisk(ex))
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        try
        {
            await Writing;
        }
        catch (SpoolException)
        {
            // Whoever waited for a record was told; a last rewrite that failed leaves the old file, which is whole.
        }

        Close(_file);
        _held.Dispose();
    }

    // A file of its own is locked, not the spool: a rewrite puts a new file in the spool's place.
    private static FileLock Hold(string path) => FileLock.TryTake(path + ".lock") ?? throw InUse(path);

    private static SpoolException InUse(string path) => new($"the spool {path} is in use by another client: give each client its own file");

    private static void Close(FileStream file)
    {
        FileLock.Release(file.SafeFileHandle);
        file.Dispose();
    }

    // After a failed flush the system may read back what the disk does not have, so what is kept is written once more.
    private static void Rewrite(FileStream file, ReadOnlySpan<byte> kept)
    {
        if (kept.Length > 0)
        {
            file.Position = 0;
            file.Write(kept);
        }

        Disk.Flush(file.SafeFileHandle);
        file.Seek(0, SeekOrigin.End);
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _entries.Reader.WaitToReadAsync(CancellationToken.None))
            {
                WriteWhatCame();
                if (_lines >= _compactFrom && _lines > LinesPerWaitingPour * _waiting.Count)
                {
                    CompactOrGoOn();
                }
            }

            if (_lines > _waiting.Count)
            {
                Compact();
            }
        }
        catch (Exception fault) when (IsOfTheDisk(fault))
        {
            var told = new SpoolException($"the spool {_path} takes no more pours: {fault.Message}", fault);
            _entries.Writer.TryComplete(told);
            _toTell.ForEach(done => done.TrySetException(told));
            while (_entries.Reader.TryRead(out var entry))
            {
                entry.Done?.TrySetException(told);
            }

            throw told;
        }
    }

    private void WriteWhatCame()
    {
        _buffer.ResetWrittenCount();
        _toTell.Clear();
        while (_buffer.WrittenCount < 1 << 20 && _entries.Reader.TryRead(out var entry))
        {
            Append(entry.Record);
            if (entry.Done is not null)
            {
                _toTell.Add(entry.Done);
            }
        }

        _file.Write(_buffer.WrittenSpan);
        if (_toTell.Count > 0)
        {
            Disk.Flush(_file.SafeFileHandle);
            FlushName();
            CheckPlace();
        }

        _toTell.ForEach(done => done.TrySetResult());
        _toTell.Clear();
    }

    private void Append(SpoolRecord record)
    {
        if (record.Pour is { } pour)
        {
            _waiting[pour.PourId] = (_order++, pour);
        }
        else if (record.Settled is { } id)
        {
            _waiting.Remove(id);
        }

        _lines++;
        SpoolContent.WriteLine(_buffer, record);
    }

    // A full disk has no room for a second file, but the spool itself is whole and goes on.
    private void CompactOrGoOn()
    {
        try
        {
            Compact();
        }
        catch (Exception ex) when (IsOfTheDisk(ex))
        {
            _compactFrom = _lines * 2;
        }
    }

    // When a file reaches the largest size that its file system or a limit allows, the framework throws ArgumentOutOfRangeException.
    private static bool IsOfTheDisk(Exception ex) => ex is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException;

    // Until then a power cut may bring the old file back, which lacks what is added to the new one.
    private void FlushName()
    {
        if (_nameIsFlushed)
        {
            return;
        }

        Disk.FlushFolder(Path.GetDirectoryName(_path)!);
        _nameIsFlushed = true;
    }

    // A spool that was deleted or replaced is not there for the next run.
    private void CheckPlace()
    {
        if (FileIdentity.Of(_path, out _) is not { } named || named != FileIdentity.Of(_file.SafeFileHandle))
        {
            throw new IOException("it was deleted or replaced while this client has it open");
        }
    }

    // At every instant the name stands for a whole spool, the old one or the new one.
    private void Compact()
    {
        _buffer.ResetWrittenCount();
        _buffer.Write(SpoolContent.Header);
        foreach (var (_, pour) in _waiting.Values.OrderBy(kept => kept.Order))
        {
            SpoolContent.WriteLine(_buffer, new SpoolRecord(pour, null));
        }

        var next = new FileStream(_path + ".new", FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            next.Write(_buffer.WrittenSpan);
            if (!FileLock.TryLockBeside(next.SafeFileHandle))
            {
                throw new IOException("another client rewrites it");
            }

            Disk.Flush(next.SafeFileHandle);
            File.Move(_path + ".new", _path, overwrite: true);
        }
        catch
        {
            next.Dispose();
            File.Delete(_path + ".new");
            throw;
        }

        Close(_file);
        _file = next;
        _lines = _waiting.Count;
        _nameIsFlushed = false;
        FlushName();
    }

    private readonly record struct Entry(SpoolRecord Record, TaskCompletionSource? Done);
}
