using Microsoft.Win32.SafeHandles;

namespace BeerTap.Server.Core.Log;

/// <summary>A folder of the file system.</summary>
internal sealed class FolderDisk(string path) : ILogDisk
{
    private const int ZeroBytes = 1024 * 1024;

    public IReadOnlyList<string> List() => [.. Directory.GetFiles(path).Select(file => Path.GetFileName(file)!)];

    public ILogFile Create(string name, long length)
    {
        var file = OpenFile(name, FileMode.Create);
        try
        {
            var zeros = new byte[Math.Min(ZeroBytes, length)];
            for (var offset = 0L; offset < length; offset += zeros.Length)
            {
                file.Write(zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - offset)), offset);
            }

            file.Flush();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public ILogFile Open(string name) => OpenFile(name, FileMode.Open);

    public void Rename(string from, string to) => File.Move(Path.Combine(path, from), Path.Combine(path, to), overwrite: true);

    public void Delete(string name) => File.Delete(Path.Combine(path, name));

    public void FlushNames() => Disk.FlushFolder(path);

    private FolderFile OpenFile(string name, FileMode mode) =>
        new(File.OpenHandle(Path.Combine(path, name), mode, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete));

    private sealed class FolderFile(SafeFileHandle handle) : ILogFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(Span<byte> buffer, long offset)
        {
            var read = 0;
            while (read < buffer.Length && RandomAccess.Read(handle, buffer[read..], offset + read) is > 0 and var more)
            {
                read += more;
            }

            return read;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

        public void Flush() => Disk.Flush(handle);

        public void Dispose() => handle.Dispose();
    }
}
