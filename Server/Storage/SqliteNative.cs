using System.Runtime.InteropServices;

namespace BeerTap.Server.Storage;

/// <summary>The calls of SQLite that its .NET provider does not offer, and of the system that .NET does not.</summary>
internal static unsafe class SqliteNative
{
    private const string Library = "e_sqlite3";
    private const DllImportSearchPath Beside = DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories;

    [DllImport(Library, EntryPoint = "sqlite3_vfs_find", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(Beside)]
    public static extern nint FindFileSystem(nint name);

    [DllImport(Library, EntryPoint = "sqlite3_vfs_register", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(Beside)]
    public static extern int RegisterFileSystem(nint fileSystem, int makeDefault);

    [DllImport(Library, EntryPoint = "sqlite3_file_control", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(Beside)]
    public static extern int FileControl(nint database, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int operation, ref int argument);

    /// <summary>Calls back after each commit with the frames in the log. It takes the place of SQLite's own checkpoints.</summary>
    [DllImport(Library, EntryPoint = "sqlite3_wal_hook", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(Beside)]
    public static extern nint WalHook(nint database, delegate* unmanaged[Cdecl]<nint, nint, byte*, int, int> hook, nint context);

    /// <summary>Linux: flags of <see cref="OpenFile"/>, and the error of a call that a signal interrupted.</summary>
    public const int ReadWriteAndCloseOnExec = 0x80002, Interrupted = 4;

    [DllImport("libc", EntryPoint = "open", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int OpenFile(byte* name, int flags);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true, CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int FlushData(int file);

    [DllImport("libc", EntryPoint = "close", CallingConvention = CallingConvention.Cdecl), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int CloseFile(int file);
}
