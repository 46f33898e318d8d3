using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// A checksum in each page of a SQLite file, which SQLite itself does not have: made when a page is written to the file, compared whenever
/// one is read from it. A page that does not fit its checksum is never used; the read fails with <see cref="Damaged"/>.
/// </summary>
/// <remarks>
/// A shim over SQLite's own file system: the method table of a database file is copied and two methods of the copy replaced. The WAL needs none:
/// SQLite checksums its frames. The sum lies in 8 bytes that SQLite leaves free at the end of each page (its "reserved" bytes) and covers
/// the page's number as well, so a page at another's place is seen. What cannot be seen is an older copy of a page at its own place, which
/// <c>check</c> finds by counting again. A page costs under a microsecond.
/// </remarks>
internal static unsafe class SqlitePageSums
{
    /// <summary>SQLite's own default, and the only page size of a store's file.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes at the end of each page that hold its sum.</summary>
    public const int Reserved = 8;

    /// <summary>The extended result code of a page that does not fit its sum (<c>SQLITE_IOERR_DATA</c>).</summary>
    public const int Damaged = 10 | (32 << 8);

    private const int Ok = 0, ShortRead = 10 | (2 << 8), MainDatabase = 0x100, ReserveBytes = 38;

    // SQLite passes over a file's header (100 bytes at most) in passing; it reads the page that holds it in full before it believes it.
    private const int LongestHeaderRead = 100;

    private static readonly Lock Gate = new();
    private static bool _installed;
    private static Vfs* _system;
    private static Methods* _shim;

    /// <summary>Makes the shim the way in which this process opens SQLite files from now on.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (_installed) return;
            _system = (Vfs*)SqliteNative.FindFileSystem(0);
            var vfs = (Vfs*)NativeMemory.AllocZeroed((nuint)sizeof(Vfs));
            *vfs = *_system;
            vfs->Next = null;
            vfs->Name = (byte*)Marshal.StringToCoTaskMemUTF8("beertap");
            vfs->Open = &Open;
            var result = SqliteNative.RegisterFileSystem((nint)vfs, makeDefault: 1);
            if (result != Ok) throw new StoreException($"SQLite did not take the page checksums (result {result}).");
            _installed = true;
        }
    }

    /// <summary>Leaves room for the sums in a file that has no page yet.</summary>
    public static void Reserve(SqliteConnection connection)
    {
        var reserved = Reserved;
        var result = SqliteNative.FileControl(connection.Handle!.DangerousGetHandle(), "main", ReserveBytes, ref reserved);
        if (result != Ok) throw new StoreException($"SQLite did not leave room for page checksums (result {result}).");
    }

    /// <summary>Whether a page fits its sum.</summary>
    public static bool Fits(ReadOnlySpan<byte> page, long number) =>
        MemoryMarshal.Read<ulong>(page[^Reserved..]) == Sum(page[..^Reserved], number);

    /// <summary>Two independent CRC-32C, of the even and of the odd 8 bytes, so that the processor works on both at a time.</summary>
    private static ulong Sum(ReadOnlySpan<byte> page, long number)
    {
        var (even, odd) = (~(uint)number, (uint)number ^ 0x9E3779B9);
        var words = MemoryMarshal.Cast<byte, ulong>(page);
        for (var i = 0; i + 1 < words.Length; i += 2)
        {
            even = BitOperations.Crc32C(even, words[i]);
            odd = BitOperations.Crc32C(odd, words[i + 1]);
        }

        if (words.Length % 2 != 0) even = BitOperations.Crc32C(even, words[^1]);
        return ((ulong)even << 32) | odd;
    }

    private static Methods* Shim(Methods* system)
    {
        lock (Gate)
        {
            if (_shim is not null && _shim->System == system) return _shim;
            var shim = (Methods*)NativeMemory.AllocZeroed((nuint)sizeof(Methods));

            // The table ends where its version says: 12 methods in version 1, 4 more in 2. Version 3 would map pages into memory past Read.
            var methods = system->Version == 1 ? 12 : 16;
            Unsafe.CopyBlock(shim, system, (uint)((1 + methods) * sizeof(nint)));
            shim->Version = Math.Min(system->Version, 2);
            shim->Read = &Read;
            shim->Write = &Write;
            shim->System = system;
            return _shim = shim;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(Vfs* vfs, byte* name, OpenFile* file, int flags, int* outFlags)
    {
        var result = _system->Open(_system, name, file, flags, outFlags);
        if (result == Ok && (flags & MainDatabase) != 0) file->Methods = Shim(file->Methods);
        return result;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(OpenFile* file, byte* buffer, int length, long offset)
    {
        var result = file->Methods->System->Read(file, buffer, length, offset);
        if (length <= LongestHeaderRead) return result;
        if (result == ShortRead || length != PageSize || offset % PageSize != 0) return Damaged;
        return result != Ok || Fits(new ReadOnlySpan<byte>(buffer, length), offset / PageSize) ? result : Damaged;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(OpenFile* file, byte* buffer, int length, long offset)
    {
        // Into SQLite's own buffer: nothing else uses the reserved bytes.
        if (length == PageSize && offset % PageSize == 0)
            *(ulong*)(buffer + PageSize - Reserved) = Sum(new ReadOnlySpan<byte>(buffer, PageSize - Reserved), offset / PageSize);
        return file->Methods->System->Write(file, buffer, length, offset);
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
        public nint Close;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Write;
        public Rest Others;
        public Methods* System;

        [InlineArray(15)]
        public struct Rest
        {
            private nint _method;
        }
    }
}
