using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>
/// A checksum in each page of a SQLite file, which SQLite itself does not have: made when a page is written to the file, compared whenever
/// one is read from it (<see cref="SqliteFileSystem"/>). A page that does not fit its checksum is never used; the read fails with <see cref="Damaged"/>.
/// </summary>
/// <remarks>
/// The WAL needs none: SQLite checksums its frames. The sum lies in 8 bytes that SQLite leaves free at the end of each page (its "reserved"
/// bytes) and covers the page's number as well, so a page at another's place is seen. What cannot be seen is an older copy of a page at its own
/// place, which <c>check</c> finds by counting again. A page costs under a microsecond.
/// </remarks>
internal static class SqlitePageSums
{
    /// <summary>SQLite's own default, and the only page size of a store's file.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes at the end of each page that hold its sum.</summary>
    public const int Reserved = 8;

    /// <summary>The extended result code of a page that does not fit its sum (<c>SQLITE_IOERR_DATA</c>).</summary>
    public const int Damaged = 10 | (32 << 8);

    private const int Ok = 0, ReserveBytes = 38;

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

    /// <summary>Puts the sum into a page.</summary>
    public static void Stamp(Span<byte> page, long number)
    {
        var sum = Sum(page[..^Reserved], number);
        MemoryMarshal.Write(page[^Reserved..], in sum);
    }

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
}
