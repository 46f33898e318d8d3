using System.Numerics;

namespace BeerTap.Client.Load;

/// <summary>A set of pours by number; may be added to by many threads.</summary>
internal sealed class PourSet(int pours)
{
    private readonly ulong[] _bits = new ulong[(pours + 63) / 64];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>False: it was there before.</summary>
    public bool Add(int number)
    {
        var bit = 1UL << (number & 63);
        if ((Interlocked.Or(ref _bits[number >> 6], bit) & bit) != 0)
        {
            return false;
        }

        Interlocked.Increment(ref _count);
        return true;
    }

    public bool Contains(int number) => (Volatile.Read(ref _bits[number >> 6]) & (1UL << (number & 63))) != 0;

    /// <summary>How many of these are not in the other.</summary>
    public int CountWithout(PourSet other)
    {
        var missing = 0;
        for (var i = 0; i < _bits.Length; i++)
        {
            missing += BitOperations.PopCount(_bits[i] & ~other._bits[i]);
        }

        return missing;
    }

    /// <summary>How many of these are in the other as well.</summary>
    public int CountWith(PourSet other) => Count - CountWithout(other);
}
