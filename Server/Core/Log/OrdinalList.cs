using System.Buffers;
using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Ordinals as they stand in a sealed segment: runs of consecutive ordinals, each as the gap before it and its length, in variable-length
/// integers. Every 128 runs a skip record says where they begin, so that any one is found by reading a few hundred bytes.
/// </summary>
/// <remarks>
/// The layout, little-endian: count (4), number of runs (4), length of the runs in bytes (4); skip records of first ordinal (4), index of
/// it (4) and byte offset (4); the runs.
/// </remarks>
internal sealed class OrdinalList : IOrdinals
{
    private const int RunsPerSkip = 128, Head = 12, Skip = 12;

    private readonly PagedRegion _region;
    private readonly long _runs;
    private readonly int _runBytes;
    private readonly byte[] _skips;
    private volatile Chunk? _last;

    public OrdinalList(PagedRegion region, long start)
    {
        _region = region;
        var head = region.Read(start, Head);
        Count = BinaryPrimitives.ReadInt32LittleEndian(head);
        var skips = (BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(4)) + RunsPerSkip - 1) / RunsPerSkip;
        _runBytes = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(8));
        _skips = region.Read(start + Head, skips * Skip);
        _runs = start + Head + _skips.Length;
    }

    public int Count { get; }

    public int this[int index]
    {
        get
        {
            var chunk = _last;
            if (chunk is null || index < chunk.FirstIndex || index >= chunk.EndIndex)
            {
                _last = chunk = ReadChunk(ChunkOf(index));
            }

            return chunk.At(index);
        }
    }

    public static void Write(IOrdinals ordinals, ArrayBufferWriter<byte> target)
    {
        var (runs, skips) = (new List<byte>(), new List<byte>());
        var (number, previous) = (0, -1);
        var count = ordinals.Count;
        for (var i = 0; i < count;)
        {
            var first = ordinals[i];
            var length = 1;
            while (i + length < count && ordinals[i + length] == first + length)
            {
                length++;
            }

            if (number++ % RunsPerSkip == 0)
            {
                Put(skips, first);
                Put(skips, i);
                Put(skips, runs.Count);
                previous = first - 1;
            }

            PutVariable(runs, (uint)(first - previous - 1));
            PutVariable(runs, (uint)(length - 1));
            previous = first + length - 1;
            i += length;
        }

        Span<byte> head = stackalloc byte[Head];
        BinaryPrimitives.WriteInt32LittleEndian(head, count);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], number);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], runs.Count);
        target.Write(head);
        target.Write(skips.ToArray());
        target.Write(runs.ToArray());
    }

    private static void Put(List<byte> bytes, int value)
    {
        Span<byte> four = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(four, value);
        bytes.AddRange(four);
    }

    private static void PutVariable(List<byte> bytes, uint value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
    }

    private static uint TakeVariable(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0u;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private int SkipAt(int chunk, int field) =>
        BinaryPrimitives.ReadInt32LittleEndian(_skips.AsSpan((chunk * Skip) + (field * sizeof(int))));

    private int ChunkOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        var (low, high) = (0, (_skips.Length / Skip) - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (SkipAt(middle, 1) <= index)
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

    private Chunk ReadChunk(int chunk)
    {
        var isLast = (chunk + 1) * Skip == _skips.Length;
        var (from, to) = (SkipAt(chunk, 2), isLast ? _runBytes : SkipAt(chunk + 1, 2));
        var bytes = _region.Read(_runs + from, to - from);
        var (firsts, indexes) = (new List<int>(RunsPerSkip), new List<int>(RunsPerSkip));
        var (previous, index) = (SkipAt(chunk, 0) - 1, SkipAt(chunk, 1));
        for (var at = 0; at < bytes.Length;)
        {
            var first = previous + 1 + (int)TakeVariable(bytes, ref at);
            firsts.Add(first);
            indexes.Add(index);
            var length = 1 + (int)TakeVariable(bytes, ref at);
            (previous, index) = (first + length - 1, index + length);
        }

        return new Chunk(indexes[0], index, [.. firsts], [.. indexes]);
    }

    private sealed record Chunk(int FirstIndex, int EndIndex, int[] Firsts, int[] Indexes)
    {
        public int At(int index)
        {
            var run = Array.BinarySearch(Indexes, index);
            run = run < 0 ? ~run - 1 : run;
            return Firsts[run] + index - Indexes[run];
        }
    }
}
