using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BeerTap;

/// <summary>
/// Brings files and names to the disk, and throws when that fails. The framework's own calls (<c>FileStream.Flush(true)</c>,
/// <c>RandomAccess.FlushToDisk</c>) return normally after a failed <c>fsync</c> in .NET 10, so they are banned.
/// </summary>
/// <remarks>
/// After a failed flush the system may drop the unwritten pages and still read them back: a second flush that succeeds proves nothing.
/// </remarks>
internal static class Disk
{
    private const int Interrupted = 4, FullFlush = 51;

    private static readonly int ReadAndCloseOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    /// <summary>Flushes what was written to a file, and its length.</summary>
    /// <exception cref="IOException">It could not be flushed; the <c>HResult</c> is the system's number for the reason.</exception>
    public static void Flush(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            if (!FlushFileBuffers(file)) throw Failed("The file", Marshal.GetLastPInvokeError(), Marshal.GetHRForLastWin32Error());
            return;
        }

        // Apple's fsync leaves the data in the drive's cache; a file system without a full flush has fsync only.
        if (OperatingSystem.IsMacOS() && TryRepeat(() => Control(file, FullFlush)) == 0) return;
        var fault = OperatingSystem.IsLinux() ? TryRepeat(() => FlushData(file)) : TryRepeat(() => FlushAll(file));
        if (fault != 0) throw Failed("The file", fault, fault);
    }

    /// <summary>Flushes a file that is closed.</summary>
    /// <exception cref="IOException">It could not be flushed.</exception>
    public static void FlushFile(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Flush(file);
    }

    /// <summary>
    /// Writes a file's own bytes over themselves and flushes them: then what is read is on the disk, whatever became of earlier flushes. Takes no room.
    /// </summary>
    /// <exception cref="IOException">It could not be done.</exception>
    public static void FlushAgain(SafeFileHandle file)
    {
        var part = new byte[1 << 20];
        for (var at = 0L; RandomAccess.Read(file, part, at) is > 0 and var read; at += read) RandomAccess.Write(file, part.AsSpan(0, read), at);
        Flush(file);
    }

    /// <summary>Flushes the names in a folder: only then a new or renamed file survives a power cut. Windows does so by itself.</summary>
    /// <exception cref="IOException">They could not be flushed.</exception>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        using var handle = OpenFolder(folder);
        var fault = TryRepeat(() => FlushAll(handle));
        if (fault != 0) throw Failed($"The folder {folder}", fault, fault);
    }

    /// <summary>Gives a flushed file its name, durably; a file that has the name is replaced.</summary>
    /// <exception cref="IOException">The file is not renamed, or its name could not be flushed.</exception>
    public static void Rename(string from, string to, bool overwrite = false)
    {
        File.Move(from, to, overwrite);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    private static SafeFileHandle OpenFolder(string folder)
    {
        while (true)
        {
            var opened = Open(folder, ReadAndCloseOnExec);
            if (opened >= 0) return new SafeFileHandle(opened, ownsHandle: true);
            var fault = Marshal.GetLastPInvokeError();
            if (fault != Interrupted) throw Failed($"The folder {folder}", fault, fault);
        }
    }

    /// <summary>Gives the system's number for the fault; 0: it was done.</summary>
    private static int TryRepeat(Func<int> call)
    {
        while (call() != 0)
        {
            var fault = Marshal.GetLastPInvokeError();
            if (fault != Interrupted) return fault;
        }

        return 0;
    }

    private static IOException Failed(string what, int fault, int result) =>
        new($"{what} could not be flushed to the disk: {Marshal.GetPInvokeErrorMessage(fault)} (error {fault}).", result);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FlushData(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FlushAll(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command);

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("kernel32", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool FlushFileBuffers(SafeFileHandle file);
}
