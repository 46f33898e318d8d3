using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Writes a full segment again as a sealed one: entries in compressed blocks, an index behind them, a footer that says where everything is.
/// </summary>
/// <remarks>
/// <para>The file: the header page; blocks; the index in checked pages; the footer page.</para>
/// <para>A block, little-endian: length (4) and CRC-32C (4) of the compressed bytes, length (4) of the entries; the entries compressed
/// with Brotli.</para>
/// <para>The index: for each block its offset (8) and first ordinal (4); the lists of channels and terms; the hash tables of names and
/// keys; the filters. A list of a channel or term: length (1), kind (1) and bytes of the name, first position (8), then an <see
/// cref="OrdinalList"/>.</para>
/// </remarks>
internal sealed class Seal
{
    public const string Suffix = ".sealed";
    public const int BlockHeader = 12, BlockRecord = 12;

    /// <summary>
    /// The entries of a block, before compression: enough to compress well, little enough to unpack for one beer in 60 µs.
    /// </summary>
    public const int BlockLength = 64 * 1024;

    // Quality 2 of 11: 17 bytes a beer at 270 MB/s; higher ones gain little and take a core for seconds.
    private const int Quality = 2, Window = 18;

    public static string NameOf(long first) => Path.ChangeExtension(Recovery.NameOf(first), Suffix);

    /// <summary>Writes a segment to a file, and flushes it. The file has no name of the log yet.</summary>
    public static void Write(Segment segment, IndexContent index, Redactions redactions, ILogFile file)
    {
        file.Write(segment.Header.ToBytes(), 0);
        var blocks = new ArrayBufferWriter<byte>();
        var indexStart = WriteBlocks(segment, redactions, file, blocks);
        var content = new ArrayBufferWriter<byte>(blocks.WrittenCount * 4);
        content.Write(blocks.WrittenSpan);
        var names = WriteNames(index, content, segment.Header.Salt);
        var footer = new SealFooter
        {
            Count = segment.Count,
            End = segment.End,
            IndexStart = indexStart,
            Blocks = blocks.WrittenCount / BlockRecord,
            Names = Table(names, content),
            Keys = Table([.. index.Keys.Select(key => (key.Hash, (uint)key.Ordinal))], content),
            NameFilter = Filter(names.Select(name => name.Hash), content),
            KeyFilter = Filter(index.Keys.Select(key => key.Hash), content),
            IndexLength = content.WrittenCount,
        };
        PagedRegion.Write(file, indexStart, content.WrittenSpan);
        file.Write(footer.ToBytes(), indexStart + PagedRegion.StoredLength(footer.IndexLength));
        file.Flush();
    }

    /// <summary>Compresses entries to a block as it is stored.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> entries)
    {
        var stored = new byte[BlockHeader + BrotliEncoder.GetMaxCompressedLength(entries.Length)];
        if (!BrotliEncoder.TryCompress(entries, stored.AsSpan(BlockHeader), out var length, Quality, Window))
        {
            throw new InvalidOperationException($"A block of {entries.Length} bytes could not be compressed.");
        }

        BinaryPrimitives.WriteInt32LittleEndian(stored, length);
        BinaryPrimitives.WriteUInt32LittleEndian(stored.AsSpan(4), Checksum.Of(stored.AsSpan(BlockHeader, length)));
        BinaryPrimitives.WriteInt32LittleEndian(stored.AsSpan(8), entries.Length);
        return stored[..(BlockHeader + length)];
    }

    private static long WriteBlocks(Segment segment, Redactions redactions, ILogFile file, ArrayBufferWriter<byte> table)
    {
        var (entries, block) = (new List<LogEntry>(), new ArrayBufferWriter<byte>(BlockLength));
        var (offset, firstOrdinal) = ((long)SegmentHeader.Length, 0);
        Span<int> ordinals = stackalloc int[128];
        for (var next = 0; next < segment.Count;)
        {
            var count = Math.Min(ordinals.Length, segment.Count - next);
            for (var i = 0; i < count; i++)
            {
                ordinals[i] = next + i;
            }

            entries.Clear();
            segment.Read(ordinals[..count], BlockLength, entries);
            redactions.Apply(entries, 0);
            foreach (var entry in entries)
            {
                var bytes = entry.Bytes.Span;
                if (block.WrittenCount > 0 && block.WrittenCount + bytes.Length > BlockLength)
                {
                    offset = WriteBlock(file, offset, firstOrdinal, block, table);
                    firstOrdinal = (int)(entry.Number - segment.First);
                }

                block.Write(bytes);
            }

            next += entries.Count;
        }

        return block.WrittenCount > 0 ? WriteBlock(file, offset, firstOrdinal, block, table) : offset;
    }

    private static long WriteBlock(
        ILogFile file, long offset, int firstOrdinal, ArrayBufferWriter<byte> block, ArrayBufferWriter<byte> table)
    {
        var record = table.GetSpan(BlockRecord);
        BinaryPrimitives.WriteInt64LittleEndian(record, offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], firstOrdinal);
        table.Advance(BlockRecord);

        var stored = Pack(block.WrittenSpan);
        file.Write(stored, offset);
        block.ResetWrittenCount();
        return offset + stored.Length;
    }

    private static List<(ulong Hash, uint Value)> WriteNames(IndexContent index, ArrayBufferWriter<byte> content, long salt)
    {
        var names = new List<(ulong, uint)>(index.Channels.Count + index.Postings.Count);
        foreach (var (name, channel) in index.Channels)
        {
            names.Add((SealedSegment.HashOf(name, SealedSegment.ChannelKind, salt), (uint)content.WrittenCount));
            WriteName(content, name, SealedSegment.ChannelKind, channel.FirstPosition);
            OrdinalList.Write(channel.Ordinals, content);
        }

        foreach (var (term, ordinals) in index.Postings)
        {
            names.Add((SealedSegment.HashOf(term, SealedSegment.TermKind, salt), (uint)content.WrittenCount));
            WriteName(content, term, SealedSegment.TermKind, 0);
            OrdinalList.Write(ordinals, content);
        }

        return names;
    }

    private static void WriteName(ArrayBufferWriter<byte> content, ReadOnlySpan<byte> name, byte kind, long firstPosition)
    {
        content.Write([(byte)name.Length, kind]);
        content.Write(name);
        BinaryPrimitives.WriteInt64LittleEndian(content.GetSpan(sizeof(long)), firstPosition);
        content.Advance(sizeof(long));
    }

    private static SealFooter.Part Table(List<(ulong Hash, uint Value)> records, ArrayBufferWriter<byte> content)
    {
        var start = content.WrittenCount;
        HashTable.Write(records, content);
        return new SealFooter.Part(start, records.Count);
    }

    private static SealFooter.Part Filter(IEnumerable<ulong> hashes, ArrayBufferWriter<byte> content)
    {
        var bytes = BloomFilter.Of([.. hashes]).ToBytes();
        var start = content.WrittenCount;
        content.Write(bytes);
        return new SealFooter.Part(start, bytes.Length);
    }
}
