using System.Runtime.ExceptionServices;

namespace BeerTap.Server.Storage;

/// <summary>LiteDB's log file, which tells a failed write only to who flushes it.</summary>
/// <remarks>
/// A write that fails amid a commit leaves LiteDB with a transaction that it can neither end nor drop: its finalizer fails on pages that were
/// given up already, and a failing finalizer ends the process. So LiteDB is left to believe that it committed, and is closed before anyone
/// reads what it believes.
/// </remarks>
internal sealed class LiteDbLogFile(FileStream file) : Stream
{
    private IOException? _fault;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    /// <summary>Brings to the disk what was written.</summary>
    /// <exception cref="IOException">That failed, or a write before it did: what was written since the last flush is to be cut off.</exception>
    public void FlushToDisk()
    {
        if (_fault is not null) ExceptionDispatchInfo.Throw(_fault);
        file.Flush();
        Disk.Flush(file.SafeFileHandle);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (_fault is null)
        {
            try
            {
                file.Write(buffer, offset, count);
                return;
            }
            catch (IOException fault)
            {
                _fault = fault;
            }
        }

        file.Position += count;
    }

    public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void SetLength(long value) => file.SetLength(value);

    public override void Flush() => file.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing) file.Dispose();
        base.Dispose(disposing);
    }
}
