using System.Buffers;
using System.Buffers.Binary;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Numbers by hash, sorted by the hash, in a <see cref="PagedRegion"/>. Hashes are even, so the place of one is guessed closely: a search
/// reads one or two pages however large the table is.
/// </summary>
internal sealed class HashTable(PagedRegion region, long start, int count)
{
    private const int Record = sizeof(ulong) + sizeof(uint);

    /// <summary>
    /// How many records are read at once. The first guess misses by about half the square root of the count, the second by few.
    /// </summary>
    private const int Window = 256;

    public static void Write(List<(ulong Hash, uint Value)> records, ArrayBufferWriter<byte> target)
    {
        records.Sort();
        Span<byte> bytes = stackalloc byte[Record];
        foreach (var (hash, value) in records)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, hash);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[sizeof(ulong)..], value);
            target.Write(bytes);
        }
    }

    /// <summary>Adds the values of a hash.</summary>
    public void Find(ulong hash, List<uint> values)
    {
        // What lies before and behind the part that is left: hashes are even, so the place between them is guessed in proportion.
        var (low, high, below, above) = (0, count, 0UL, ulong.MaxValue);
        while (low < high)
        {
            var guess = low + (int)((high - low) * ((double)(hash - below) / Math.Max(1, above - below)));
            var from = Math.Clamp(guess - (Window / 2), low, high);
            var to = Math.Min(from + Window, high);
            var window = region.Read(start + ((long)from * Record), (to - from) * Record);
            var (first, last) = (HashAt(window, 0), HashAt(window, to - from - 1));
            if (hash < first)
            {
                (high, above) = (from, first);
            }
            else if (hash > last)
            {
                (low, below) = (to, last);
            }
            else
            {
                Collect(window, hash, values);

                // Equal hashes may go on beyond the window.
                if (hash == first)
                {
                    CollectBack(from, hash, values);
                }

                if (hash == last)
                {
                    CollectOn(to, hash, values);
                }

                return;
            }
        }
    }

    private static ulong HashAt(ReadOnlySpan<byte> window, int index) =>
        BinaryPrimitives.ReadUInt64LittleEndian(window[(index * Record)..]);

    private static void Collect(ReadOnlySpan<byte> window, ulong hash, List<uint> values)
    {
        for (var i = 0; i < window.Length / Record; i++)
        {
            if (HashAt(window, i) == hash)
            {
                values.Add(BinaryPrimitives.ReadUInt32LittleEndian(window[((i * Record) + sizeof(ulong))..]));
            }
        }
    }

    private void CollectBack(int before, ulong hash, List<uint> values)
    {
        for (var i = before - 1; i >= 0; i--)
        {
            var record = region.Read(start + ((long)i * Record), Record);
            if (HashAt(record, 0) != hash)
            {
                return;
            }

            Collect(record, hash, values);
        }
    }

    private void CollectOn(int from, ulong hash, List<uint> values)
    {
        for (var i = from; i < count; i++)
        {
            var record = region.Read(start + ((long)i * Record), Record);
            if (HashAt(record, 0) != hash)
            {
                return;
            }

            Collect(record, hash, values);
        }
    }
}
