namespace BeerTap.Server.Storage;

/// <summary>LiteDB's data file. LiteDB flushes it before it empties its log; here a failed flush throws, so that the log is kept.</summary>
internal sealed class LiteDbDataFile(FileStream file) : Stream
{
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
    /// <exception cref="IOException">That failed.</exception>
    public override void Flush()
    {
        file.Flush();
        Disk.Flush(file.SafeFileHandle);
    }

    public override void Write(byte[] buffer, int offset, int count) => file.Write(buffer, offset, count);

    public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void SetLength(long value) => file.SetLength(value);

    protected override void Dispose(bool disposing)
    {
        // Closed, it can be read no more and holds no lock.
        if (disposing && file.CanRead)
        {
            FileLock.Release(file.SafeFileHandle);
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
