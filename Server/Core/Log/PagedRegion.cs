using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// A region of a file in pages of 8 KiB that each end with their CRC-32C, so that a small read checks all it used without reading much
/// more. Offsets are those of the content, without the checksums.
/// </summary>
internal sealed class PagedRegion(ILogFile file, string name, long start, long length)
{
    public const int PageLength = 8192;

    private const int Content = PageLength - sizeof(uint);

    /// <summary>Gets the length of the content.</summary>
    public long Length => length;

    /// <summary>Gets how many bytes of a file a content takes.</summary>
    public static long StoredLength(long length) => (length + Content - 1) / Content * PageLength;

    /// <summary>Writes a content as pages.</summary>
    public static void Write(ILogFile file, long start, ReadOnlySpan<byte> content)
    {
        var page = new byte[PageLength];
        for (; !content.IsEmpty; start += PageLength)
        {
            page.AsSpan().Clear();
            var length = Math.Min(content.Length, Content);
            content[..length].CopyTo(page);
            content = content[length..];
            BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(Content), Checksum.Of(page.AsSpan(0, Content)));
            file.Write(page, start);
        }
    }

    /// <summary>Reads content.</summary>
    /// <exception cref="LogException">A page is damaged.</exception>
    public byte[] Read(long offset, int count)
    {
        var bytes = new byte[count];
        Span<byte> page = stackalloc byte[PageLength];
        for (var filled = 0; filled < count;)
        {
            var (number, within) = Math.DivRem(offset + filled, Content);
            var at = start + (number * PageLength);
            if (file.Read(page, at) < PageLength
                || BinaryPrimitives.ReadUInt32LittleEndian(page[Content..]) != Checksum.Of(page[..Content]))
            {
                throw new LogException(LogFault.Damaged, $"{name} is damaged at byte {at}: its index cannot be read.");
            }

            var part = Math.Min(count - filled, Content - (int)within);
            page.Slice((int)within, part).CopyTo(bytes.AsSpan(filled));
            filled += part;
        }

        return bytes;
    }
}
