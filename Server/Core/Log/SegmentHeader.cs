using System.Buffers.Binary;
using System.Text;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents the first page of a segment: what it holds, and where the segment before it ends. What stands behind that end in the
/// segment before was never acknowledged and is not part of the log.
/// </summary>
/// <param name="Epoch">The name of this log: 8 characters of ASCII.</param>
/// <param name="First">The number of the segment's first entry.</param>
/// <param name="Identity">A random number that each batch of the segment repeats, so that bytes of another file never pass for one.</param>
/// <param name="Salt">A random number of the whole log, which keeps clients from choosing idempotency keys of one hash.</param>
/// <param name="PreviousFirst">The first number of the segment before; 0 when there is none.</param>
/// <param name="PreviousEnd">Where the batches of the segment before end, in bytes.</param>
/// <param name="Bookmark">The newest bookmark before this segment; empty when there is none.</param>
internal sealed record SegmentHeader(
    string Epoch, long First, ulong Identity, long Salt, long PreviousFirst, long PreviousEnd, ReadOnlyMemory<byte> Bookmark)
{
    /// <summary>The bytes before the first batch: a page of its own, so that no torn write of a batch touches it.</summary>
    public const int Length = 4096;

    public const int EpochLength = 8;

    public const int MaxBookmark = Length - Fixed;

    private const int Fixed = 72;

    private static ReadOnlySpan<byte> Magic => "BEERLOG1"u8;

    public byte[] ToBytes()
    {
        var page = new byte[Length];
        Magic.CopyTo(page);
        Encoding.ASCII.GetBytes(Epoch.AsSpan(0, EpochLength), page.AsSpan(12));
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(24), First);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(32), Identity);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(40), Salt);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(48), PreviousFirst);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(56), PreviousEnd);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(64), Bookmark.Length);
        Bookmark.Span.CopyTo(page.AsSpan(Fixed));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(8), Checksum.Of(page.AsSpan(12)));
        return page;
    }

    /// <summary>Reads the header, or gets null when the file has none that is intact.</summary>
    public static SegmentHeader? Read(ILogFile file)
    {
        var page = new byte[Length];
        if (file.Read(page, 0) < Length || !page.AsSpan().StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(8)) != Checksum.Of(page.AsSpan(12)))
        {
            return null;
        }

        var bookmark = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(64));
        return new SegmentHeader(
            Encoding.ASCII.GetString(page, 12, EpochLength),
            BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(24)),
            BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(32)),
            BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(40)),
            BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(48)),
            BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(56)),
            page.AsMemory(Fixed, Math.Clamp(bookmark, 0, MaxBookmark)));
    }
}
