using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>The last page of a sealed segment: where everything in it is. It is written last, so a file that has it is whole.</summary>
internal sealed record SealFooter
{
    public const int Length = 4096;

    /// <summary>Gets the number of entries.</summary>
    public required int Count { get; init; }

    /// <summary>Gets where the batches ended before the segment was sealed; the next segment's header repeats it.</summary>
    public required long End { get; init; }

    public required long IndexStart { get; init; }

    /// <summary>Gets the length of the index's content.</summary>
    public required long IndexLength { get; init; }

    public required int Blocks { get; init; }

    public required Part Names { get; init; }

    public required Part Keys { get; init; }

    public required Part NameFilter { get; init; }

    public required Part KeyFilter { get; init; }

    private static ReadOnlySpan<byte> Magic => "BEERSEA1"u8;

    public byte[] ToBytes()
    {
        var page = new byte[Length];
        Magic.CopyTo(page);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(12), Count);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(16), End);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(24), IndexStart);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(32), IndexLength);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(40), Blocks);
        var at = 48;
        foreach (var part in (ReadOnlySpan<Part>)[Names, Keys, NameFilter, KeyFilter])
        {
            BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(at), part.Start);
            BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(at + 8), part.Count);
            at += 16;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(8), Checksum.Of(page.AsSpan(12)));
        return page;
    }

    /// <summary>Reads the footer, or gets null when the file has none that is intact.</summary>
    public static SealFooter? Read(ILogFile file)
    {
        var page = new byte[Length];
        if (file.Length < Length || file.Read(page, file.Length - Length) < Length || !page.AsSpan().StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(8)) != Checksum.Of(page.AsSpan(12)))
        {
            return null;
        }

        return new SealFooter
        {
            Count = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(12)),
            End = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(16)),
            IndexStart = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(24)),
            IndexLength = BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(32)),
            Blocks = BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(40)),
            Names = PartAt(page, 0),
            Keys = PartAt(page, 1),
            NameFilter = PartAt(page, 2),
            KeyFilter = PartAt(page, 3),
        };
    }

    private static Part PartAt(byte[] page, int index) => new(
        BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(48 + (index * 16))),
        BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(56 + (index * 16))));

    /// <summary>Where a part of the index begins, and how many records or bytes it has.</summary>
    internal readonly record struct Part(long Start, int Count);
}
