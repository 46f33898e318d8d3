using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace BeerTap.Server.Storage;

/// <summary>
/// A shim over SQLite's own file system: the method tables of a store's files are copied and a few methods of the copies replaced. The database's pages
/// get their sums (<see cref="SqlitePageSums"/>); the write-ahead log is flushed without its times.
/// </summary>
/// <remarks>
/// SQLite as it comes from NuGet flushes with <c>fsync</c>, which also writes the file's times: a second write to the disk for each commit. What must be there
/// after a power cut, the bytes and the file's length, <c>fdatasync</c> flushes as well.
/// </remarks>
internal static unsafe class SqliteFileSystem
{
    private const int Ok = 0, ShortRead = 10 | (2 << 8), NotFlushed = 10 | (4 << 8), MainDatabase = 0x100, WriteAheadLog = 0x80000;

    // SQLite passes over a file's header (100 bytes at most) in passing; it reads the page that holds it in full before it believes it.
    private const int LongestHeaderRead = 100;

    private static readonly Lock Gate = new();
    private static bool _installed;
    private static Vfs* _system;
    private static Methods* _database, _log;

    /// <summary>Makes the shim the way in which this process opens SQLite files from now on.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (_installed) return;

            // Each connection is used by one thread at a time, so SQLite need not lock it for each column of each row. In a process where it is awake
            // already it does not listen, and locks: slower, and as right.
            SQLitePCL.Batteries_V2.Init();
            _ = SQLitePCL.raw.sqlite3_config(SQLitePCL.raw.SQLITE_CONFIG_MULTITHREAD);
            _system = (Vfs*)SqliteNative.FindFileSystem(0);
            var vfs = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
            *vfs = *_system;
            vfs->FileSize = OwnOffset + sizeof(Own);
            vfs->Next = null;
            vfs->Name = (byte*)Marshal.StringToCoTaskMemUTF8("beertap");
            vfs->Open = &Open;
            var result = SqliteNative.RegisterFileSystem((nint)vfs, makeDefault: 1);
            if (result != Ok) throw new StoreException($"SQLite did not take the page checksums (result {result}).");
            _installed = true;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, OpenFile* file, int flags, int* outFlags)
    {
        var result = _system->Open(_system, name, file, flags, outFlags);
        if (result != Ok) return result;
        if ((flags & MainDatabase) != 0)
        {
            file->Methods = DatabaseMethods(file->Methods);
        }
        else if ((flags & WriteAheadLog) != 0 && OperatingSystem.IsLinux())
        {
            *OwnOf(file) = new Own { Name = name, Descriptor = -1 };
            file->Methods = LogMethods(file->Methods);
        }

        return result;
    }

    private static Methods* DatabaseMethods(Methods* system)
    {
        lock (Gate)
        {
            if (_database is not null && _database->System == system) return _database;
            _database = Copy(system);
            _database->Read = &Read;
            _database->Write = &Write;
            return _database;
        }
    }

    private static Methods* LogMethods(Methods* system)
    {
        lock (Gate)
        {
            if (_log is not null && _log->System == system) return _log;
            _log = Copy(system);
            _log->Sync = &SyncLog;
            _log->Close = &CloseLog;
            return _log;
        }
    }

    private static Methods* Copy(Methods* system)
    {
        var shim = (Methods*)NativeMemory.AllocZeroed((nuint)sizeof(Methods));

        // The table ends where its version says: 12 methods in version 1, 4 more in 2. Version 3 would map pages into memory past Read.
        var methods = system->Version == 1 ? 12 : 16;
        Unsafe.CopyBlock(shim, system, (uint)((1 + methods) * sizeof(nint)));
        shim->Version = Math.Min(system->Version, 2);
        shim->System = system;
        return shim;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(OpenFile* file, byte* buffer, int length, long offset)
    {
        var result = file->Methods->System->Read(file, buffer, length, offset);
        if (length <= LongestHeaderRead) return result;
        if (result == Ok && length < SqlitePageSums.PageSize) return CheckAround(file, buffer, length, offset);
        if (result == ShortRead || length != SqlitePageSums.PageSize || offset % SqlitePageSums.PageSize != 0) return SqlitePageSums.Damaged;
        return result != Ok || SqlitePageSums.Fits(new ReadOnlySpan<byte>(buffer, length), offset / SqlitePageSums.PageSize) ? result : SqlitePageSums.Damaged;
    }

    /// <summary>What lies in a row too long for its page SQLite reads past its own cache, only as much of a page as it needs. The whole page is looked at.</summary>
    private static int CheckAround(OpenFile* file, byte* buffer, int length, long offset)
    {
        var (number, within) = Math.DivRem(offset, SqlitePageSums.PageSize);
        if (within + length > SqlitePageSums.PageSize) return SqlitePageSums.Damaged;
        Span<byte> page = stackalloc byte[SqlitePageSums.PageSize];
        int result;
        fixed (byte* whole = page) result = file->Methods->System->Read(file, whole, SqlitePageSums.PageSize, offset - within);
        if (result == ShortRead || (result == Ok && !SqlitePageSums.Fits(page, number))) return SqlitePageSums.Damaged;
        page.Slice((int)within, length).CopyTo(new Span<byte>(buffer, length));
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(OpenFile* file, byte* buffer, int length, long offset)
    {
        // Into SQLite's own buffer: nothing else uses the reserved bytes.
        if (length == SqlitePageSums.PageSize && offset % SqlitePageSums.PageSize == 0)
            SqlitePageSums.Stamp(new Span<byte>(buffer, length), offset / SqlitePageSums.PageSize);
        return file->Methods->System->Write(file, buffer, length, offset);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SyncLog(OpenFile* file, int flags)
    {
        var own = OwnOf(file);
        if (own->Descriptor >= 0)
        {
            while (SqliteNative.FlushData(own->Descriptor) != 0)
            {
                if (Marshal.GetLastPInvokeError() != SqliteNative.Interrupted) return NotFlushed;
            }

            return Ok;
        }

        // The first flush is SQLite's own. It flushes the name of a new file as well, but passes over a failure of that, so the name is flushed
        // here. From then on by a descriptor of the shim's.
        var result = file->Methods->System->Sync(file, flags);
        if (result == Ok && !TryFlushName(own->Name)) return NotFlushed;
        if (result == Ok) own->Descriptor = SqliteNative.OpenFile(own->Name, SqliteNative.ReadWriteAndCloseOnExec);
        return result;
    }

    private static bool TryFlushName(byte* name)
    {
        try
        {
            Disk.FlushFolder(Path.GetDirectoryName(Marshal.PtrToStringUTF8((nint)name)!)!);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CloseLog(OpenFile* file)
    {
        // SQLite's locks are on other files, so closing this descriptor gives none of them up.
        if (OwnOf(file)->Descriptor >= 0) _ = SqliteNative.CloseFile(OwnOf(file)->Descriptor);
        return file->Methods->System->Close(file);
    }

    /// <summary>What the shim knows of an open log; SQLite allocates it behind the system's own part.</summary>
    private static Own* OwnOf(OpenFile* file) => (Own*)((byte*)file + OwnOffset);

    private static int OwnOffset => (_system->FileSize + sizeof(nint) - 1) / sizeof(nint) * sizeof(nint);

    private struct Own
    {
        /// <summary>SQLite keeps it while the file is open.</summary>
        public byte* Name;

        /// <summary>-1 before the first flush.</summary>
        public int Descriptor;
    }

    /// <summary><c>sqlite3_vfs</c>; the 15 methods behind <c>xOpen</c> are taken over as they are.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Vfs
    {
        public int Version;
        public int FileSize;
        public int LongestPath;
        public Vfs* Next;
        public byte* Name;
        public void* AppData;
        public delegate* unmanaged[Cdecl]<Vfs*, byte*, OpenFile*, int, int*, int> Open;
        public Rest Others;

        [InlineArray(15)]
        public struct Rest
        {
            private nint _method;
        }
    }

    /// <summary><c>sqlite3_file</c>: the system's own file, of which only the first field is known.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenFile
    {
        public Methods* Methods;
    }

    /// <summary><c>sqlite3_io_methods</c>, and behind it, in a shim, the table it was copied from.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Methods
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<OpenFile*, int> Close;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Write;
        public nint Truncate;
        public delegate* unmanaged[Cdecl]<OpenFile*, int, int> Sync;
        public Rest Others;
        public Methods* System;

        [InlineArray(13)]
        public struct Rest
        {
            private nint _method;
        }
    }
}
