using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents a segment as <see cref="Seal"/> wrote it. In memory it keeps where its blocks are and two filters: about 12 bits a key.
/// </summary>
internal sealed class SealedSegment : Segment
{
    public const byte ChannelKind = 1, TermKind = 2;

    /// <summary>How many lists of channels and terms are kept in memory: those of busy ones are asked for all the time.</summary>
    private const int KeptNames = 64;

    private readonly ILogFile _file;
    private readonly SealFooter _footer;
    private readonly PagedRegion _index;
    private readonly BlockCache _cache;
    private readonly byte[] _blocks;
    private readonly BloomFilter _names, _keys;

    // Guarded by itself: by the kind and the name.
    private readonly Dictionary<byte[], ChannelOrdinals> _kept = new(BytesComparer.Instance);

    private SealedSegment(SegmentHeader header, string name, ILogFile file, SealFooter footer, BlockCache cache)
        : base(header, name)
    {
        (_file, _footer, _cache) = (file, footer, cache);
        _index = new PagedRegion(file, name, footer.IndexStart, footer.IndexLength);
        _blocks = _index.Read(0, footer.Blocks * Seal.BlockRecord);
        _names = BloomFilter.Read(_index.Read(footer.NameFilter.Start, footer.NameFilter.Count));
        _keys = BloomFilter.Read(_index.Read(footer.KeyFilter.Start, footer.KeyFilter.Count));
    }

    public override int Count => _footer.Count;

    public override long End => _footer.End;

    /// <summary>Opens a sealed segment.</summary>
    /// <exception cref="LogException">It is not whole.</exception>
    public static SealedSegment Open(ILogFile file, string name, BlockCache cache)
    {
        if (SegmentHeader.Read(file) is not { } header || SealFooter.Read(file) is not { } footer)
        {
            throw new LogException(LogFault.Damaged, $"{name} is damaged: its header or its footer cannot be read.");
        }

        return new SealedSegment(header, name, file, footer, cache);
    }

    public static ulong HashOf(ReadOnlySpan<byte> name, byte kind, long salt) => XxHash3.HashToUInt64(name, salt) * (2UL * kind + 1);

    public override void Read(ReadOnlySpan<int> ordinals, int maxBytes, List<LogEntry> entries)
    {
        var (block, start, at, ordinal, read) = (-1, (byte[])[], 0, 0, 0L);
        foreach (var wanted in ordinals)
        {
            if (read >= maxBytes)
            {
                return;
            }

            var holder = BlockOf(wanted);
            if (holder != block)
            {
                (block, start, at, ordinal) = (holder, _cache.Get(this, holder), 0, FirstOf(holder));
            }

            int length;
            while ((length = LogEntry.LengthAt(start.AsSpan(at))) > 0 && ordinal < wanted)
            {
                at += length;
                ordinal++;
            }

            if (length == 0)
            {
                throw new LogException(LogFault.Damaged, $"{Name} is damaged: entry {First + wanted} is not in its block.");
            }

            entries.Add(new LogEntry(First + wanted, start.AsMemory(at, length)));
            read += length;
        }
    }

    public override ChannelOrdinals? Channel(ReadOnlySpan<byte> channel) => Named(channel, ChannelKind);

    public override IOrdinals? Term(ReadOnlySpan<byte> term) => Named(term, TermKind)?.Ordinals;

    public override void FindKeys(ulong hash, List<int> ordinals)
    {
        if (!_keys.MayHold(hash))
        {
            return;
        }

        var values = new List<uint>();
        new HashTable(_index, _footer.Keys.Start, _footer.Keys.Count).Find(hash, values);
        ordinals.AddRange(values.ConvertAll(value => (int)value));
    }

    /// <summary>Reads a block's entries from the file.</summary>
    public byte[] Unpack(int block)
    {
        var stored = StoredBlock(block);
        var compressed = stored.AsSpan(Seal.BlockHeader);
        var claimed = BinaryPrimitives.ReadInt32LittleEndian(stored.AsSpan(8));
        var entries = new byte[Math.Clamp(claimed, 0, LogEntry.MaxLength + Seal.BlockLength)];
        return BinaryPrimitives.ReadInt32LittleEndian(stored) == compressed.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(stored.AsSpan(4)) == Checksum.Of(compressed)
            && BrotliDecoder.TryDecompress(compressed, entries, out var length) && length == entries.Length
            ? entries
            : throw DamagedBlock(block);
    }

    /// <summary>Writes the segment again without the content of redacted entries. Blocks without one are copied as they are.</summary>
    public void Rewrite(Redactions redactions, ILogFile file)
    {
        file.Write(Header.ToBytes(), 0);
        var (offset, table) = ((long)SegmentHeader.Length, (byte[])_blocks.Clone());
        for (var block = 0; block < _footer.Blocks; block++)
        {
            var first = First + FirstOf(block);
            var last = block + 1 < _footer.Blocks ? First + FirstOf(block + 1) - 1 : Last;
            BinaryPrimitives.WriteInt64LittleEndian(table.AsSpan(block * Seal.BlockRecord), offset);
            var stored = redactions.Between(first, last).Count == 0
                ? StoredBlock(block)
                : Seal.Pack(Redacted(Unpack(block), first, redactions));
            file.Write(stored, offset);
            offset += stored.Length;
        }

        var content = _index.Read(0, checked((int)_index.Length));
        table.CopyTo(content, 0);
        PagedRegion.Write(file, offset, content);
        file.Write((_footer with { IndexStart = offset }).ToBytes(), offset + PagedRegion.StoredLength(content.Length));
        file.Flush();
    }

    protected override void Close() => _file.Dispose();

    private static byte[] Redacted(byte[] block, long number, Redactions redactions)
    {
        var entries = new List<LogEntry>();
        for (var at = 0; LogEntry.LengthAt(block.AsSpan(at)) is > 0 and var length; at += length)
        {
            entries.Add(new LogEntry(number + entries.Count, block.AsMemory(at, length)));
        }

        redactions.Apply(entries, 0);
        return [.. entries.SelectMany(entry => entry.Bytes.ToArray())];
    }

    private byte[] StoredBlock(int block)
    {
        var offset = BinaryPrimitives.ReadInt64LittleEndian(_blocks.AsSpan(block * Seal.BlockRecord));
        var next = block + 1 < _footer.Blocks
            ? BinaryPrimitives.ReadInt64LittleEndian(_blocks.AsSpan((block + 1) * Seal.BlockRecord))
            : _footer.IndexStart;
        var stored = new byte[next - offset];
        return _file.Read(stored, offset) == stored.Length ? stored : throw DamagedBlock(block);
    }

    private LogException DamagedBlock(int block)
    {
        var offset = BinaryPrimitives.ReadInt64LittleEndian(_blocks.AsSpan(block * Seal.BlockRecord));
        return new LogException(
            LogFault.Damaged, $"{Name} is damaged at byte {offset}: entries from {First + FirstOf(block)} on cannot be read.");
    }

    private ChannelOrdinals? Named(ReadOnlySpan<byte> name, byte kind)
    {
        var hash = HashOf(name, kind, Header.Salt);
        if (!_names.MayHold(hash))
        {
            return null;
        }

        Span<byte> key = stackalloc byte[name.Length + 1];
        key[0] = kind;
        name.CopyTo(key[1..]);
        lock (_kept)
        {
            if (_kept.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out var kept))
            {
                return kept;
            }
        }

        if (ReadNamed(name, kind, hash) is not { } found)
        {
            return null;
        }

        lock (_kept)
        {
            if (_kept.Count >= KeptNames)
            {
                _kept.Clear();
            }

            return _kept[key.ToArray()] = found;
        }
    }

    private ChannelOrdinals? ReadNamed(ReadOnlySpan<byte> name, byte kind, ulong hash)
    {
        var offsets = new List<uint>(1);
        new HashTable(_index, _footer.Names.Start, _footer.Names.Count).Find(hash, offsets);
        foreach (var offset in offsets)
        {
            var head = _index.Read(offset, 2);
            if (head[1] == kind && _index.Read(offset + 2, head[0]).AsSpan().SequenceEqual(name))
            {
                var position = offset + 2 + head[0];
                var first = BinaryPrimitives.ReadInt64LittleEndian(_index.Read(position, sizeof(long)));
                return new ChannelOrdinals(first, new OrdinalList(_index, position + sizeof(long)));
            }
        }

        return null;
    }

    private int FirstOf(int block) => BinaryPrimitives.ReadInt32LittleEndian(_blocks.AsSpan((block * Seal.BlockRecord) + 8));

    private int BlockOf(int ordinal)
    {
        var (low, high) = (0, (_blocks.Length / Seal.BlockRecord) - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (FirstOf(middle) <= ordinal)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }
}
