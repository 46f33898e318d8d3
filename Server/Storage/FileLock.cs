using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BeerTap;

/// <summary>
/// An exclusive lock of the operating system on a file, held until it is disposed of or the process ends. It is taken by a call of our own:
/// the framework's locks can be switched off in the environment, and are where a file system refuses them.
/// </summary>
/// <remarks>
/// <c>flock</c>, as the framework and earlier versions take it, so that these notice each other. A lock holds only while the path names the
/// locked file, so that is looked at after the lock was taken.
/// </remarks>
internal sealed class FileLock : IDisposable
{
    private const int Interrupted = 4, ExclusiveAtOnce = 2 | 4, Unlock = 8, ReadWrite = 2;
    private const int PermissionDenied = 13, ReadOnlyFileSystem = 30;
    private const int SetOpenFileLock = 37;
    private const short WriteLock = 1, NoLock = 2;
    private const int MostTries = 100;

    // Beyond what any file holds, and beyond the bytes that SQLite locks.
    private const long LockedByte = 1L << 61;

    private static readonly int WouldBlock = OperatingSystem.IsMacOS() ? 35 : 11;
    private static readonly int CloseOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    private readonly string _path;

    private FileLock(string path, SafeFileHandle handle) => (_path, Handle) = (path, handle);

    public SafeFileHandle Handle { get; }

    /// <summary>Whether the path still names the locked file.</summary>
    private bool IsInPlace => FileIdentity.Of(_path, out _) is { } named && named == FileIdentity.Of(Handle);

    /// <summary>Locks a file, which is made when it is not there; null when another process holds it.</summary>
    /// <exception cref="IOException">It cannot be opened, or the file system has no locks.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened by this user, or lies on a read-only file system.</exception>
    public static FileLock? TryTake(string path) => TryTake(path, make: true, TryLockWhole);

    /// <summary>
    /// Locks a file that is there, beside whatever locks others take on its bytes; null when another process holds it in this way. Only Linux
    /// has such locks; elsewhere it is held without one.
    /// </summary>
    public static FileLock? TryTakeBeside(string path, bool make = false) => TryTake(path, make, TryLockBeside);

    /// <summary>As <see cref="TryTakeBeside"/>, for a file that is open.</summary>
    /// <exception cref="IOException">The file system has no locks.</exception>
    public static bool TryLockBeside(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux()) return true;
        var wanted = new Range { Type = WriteLock, Start = LockedByte, Length = 1 };
        return Repeat(() => Control(file, SetOpenFileLock, ref wanted));
    }

    /// <summary>Why a file or folder cannot be opened for writing, for a person; the system's word where there is no better one.</summary>
    public static string Explain(Exception fault) => fault switch
    {
        { HResult: ReadOnlyFileSystem } or { InnerException.HResult: ReadOnlyFileSystem } => "it is on a read-only file system",
        UnauthorizedAccessException => "this user may not write it",
        _ => fault.Message.TrimEnd('.'),
    };

    /// <summary>
    /// Gives the locks on an open file up. To close it is not enough: a process that was started at this moment has a copy of the handle until its
    /// program begins, and the lock is that of all copies.
    /// </summary>
    public static void Release(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows() || file.IsClosed) return;
        _ = Lock(file, Unlock);
        if (!OperatingSystem.IsLinux()) return;
        var given = new Range { Type = NoLock, Start = LockedByte, Length = 1 };
        _ = Control(file, SetOpenFileLock, ref given);
    }

    public void Dispose()
    {
        Release(Handle);
        Handle.Dispose();
    }

    private static FileLock? TryTake(string path, bool make, Func<SafeFileHandle, bool> tryLock)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var handle = OperatingSystem.IsWindows() ? OpenAlone(path, make) : OpenFile(path, make);
            if (handle is null) return null;
            try
            {
                if (!OperatingSystem.IsWindows() && !tryLock(handle))
                {
                    handle.Dispose();
                    return null;
                }

                var taken = new FileLock(path, handle);
                if (taken.IsInPlace) return taken;

                // It was deleted or replaced between opening and locking; the next process locks another file.
                taken.Dispose();
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }

        throw new IOException($"{path} cannot be locked: it is replaced again and again.");
    }

    private static bool TryLockWhole(SafeFileHandle file) => Repeat(() => Lock(file, ExclusiveAtOnce));

    private static bool Repeat(Func<int> call)
    {
        while (call() != 0)
        {
            var fault = Marshal.GetLastPInvokeError();
            if (fault == WouldBlock || (fault == PermissionDenied && OperatingSystem.IsLinux())) return false;
            if (fault != Interrupted)
            {
                throw new IOException($"The file system takes no lock: {Marshal.GetPInvokeErrorMessage(fault)} (error {fault}).", fault);
            }
        }

        return true;
    }

    private static SafeFileHandle OpenFile(string path, bool make)
    {
        while (true)
        {
            var opened = Open(path, ReadWrite | CloseOnExec);
            if (opened >= 0) return new SafeFileHandle(opened, ownsHandle: true);
            var fault = Marshal.GetLastPInvokeError();
            if (fault == Interrupted) continue;
            if (fault == 2 && make)
            {
                Make(path);
                continue;
            }

            var message = $"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(fault)}.";
            throw fault is PermissionDenied or 1 ? new UnauthorizedAccessException(message) : new IOException(message, fault);
        }
    }

    private static void Make(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process made it at the same moment.
        }
    }

    private static SafeFileHandle? OpenAlone(string path, bool make)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        try
        {
            var share = make ? FileShare.None : FileShare.ReadWrite | FileShare.Delete;
            return File.OpenHandle(path, make ? FileMode.OpenOrCreate : FileMode.Open, FileAccess.ReadWrite, share);
        }
        catch (IOException fault) when (fault.HResult == SharingViolation)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Lock(SafeFileHandle file, int operation);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command, ref Range range);

    /// <summary><c>struct flock</c> of 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Range
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}
