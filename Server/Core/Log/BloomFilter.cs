using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Says of a hash that it is certainly not in a set, or may be: at 10 bits and 6 probes an item, 1 of 100 that are not there may be.
/// See B. Bloom, "Space/time trade-offs in hash coding with allowable errors" (1970).
/// </summary>
internal sealed class BloomFilter
{
    private const int BitsPerItem = 10, Probes = 6;

    private readonly ulong[] _words;

    private BloomFilter(ulong[] words) => _words = words;

    public static BloomFilter Of(IReadOnlyCollection<ulong> hashes)
    {
        var filter = new BloomFilter(new ulong[Math.Max(1, ((long)hashes.Count * BitsPerItem + 63) / 64)]);
        foreach (var hash in hashes)
        {
            for (var probe = 0; probe < Probes; probe++)
            {
                var bit = filter.BitOf(hash, probe);
                filter._words[bit >> 6] |= 1UL << (int)(bit & 63);
            }
        }

        return filter;
    }

    public static BloomFilter Read(ReadOnlySpan<byte> bytes)
    {
        var words = new ulong[bytes.Length / sizeof(ulong)];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        }

        return new BloomFilter(words);
    }

    public ReadOnlySpan<byte> ToBytes()
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.AsBytes<ulong>(_words);
        }

        var bytes = new byte[_words.Length * sizeof(ulong)];
        for (var i = 0; i < _words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), _words[i]);
        }

        return bytes;
    }

    public bool MayHold(ulong hash)
    {
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = BitOf(hash, probe);
            if ((_words[bit >> 6] & (1UL << (int)(bit & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    // Two halves of one hash stand for any number of hashes (Kirsch and Mitzenmacher, 2006).
    private long BitOf(ulong hash, int probe) =>
        (long)((uint)hash + ((ulong)probe * (hash >> 32 | 1))) % (_words.LongLength * 64);
}
