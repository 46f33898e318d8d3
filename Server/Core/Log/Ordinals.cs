namespace BeerTap.Server.Core.Log;

/// <summary>Places of entries within a segment, from 0, ascending.</summary>
internal interface IOrdinals
{
    int Count { get; }

    int this[int index] { get; }
}

internal static class OrdinalSearch
{
    /// <summary>Gets the index of the first ordinal that is at least this one, or the count when there is none.</summary>
    public static int FirstFrom(this IOrdinals ordinals, long ordinal)
    {
        var (low, high) = (0, ordinals.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (ordinals[middle] < ordinal)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

/// <summary>Ordinals of a segment that still grows: one thread adds, any thread reads without a lock.</summary>
internal sealed class GrowingOrdinals : IOrdinals
{
    private volatile int[] _items = new int[2];
    private volatile int _count;

    public int Count => _count;

    // The count is read by the caller before, and the array is replaced before the count grows: it always holds what the count promises.
    public int this[int index] => _items[index];

    public void Add(int ordinal)
    {
        var items = _items;
        if (_count == items.Length)
        {
            Array.Resize(ref items, items.Length * 2);
            items[_count] = ordinal;
            _items = items;
        }
        else
        {
            items[_count] = ordinal;
        }

        _count++;
    }
}
