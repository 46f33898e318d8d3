namespace BeerTap.Server.Storage;

/// <summary>The taps that have beers, most beers first, those with as many by their id. A pour moves one tap a place or two; nothing is allocated for it.</summary>
/// <remarks>Not safe for several threads; <see cref="Totals"/> guards it.</remarks>
internal sealed class Ranking
{
    // One array in order: among ten thousand taps with as many beers each, a pour moves at most their 160 KB, which is a few microseconds.
    private (long Beers, int TapId)[] _order = new (long, int)[16];

    /// <summary>How many taps have beers.</summary>
    public int Count { get; private set; }

    /// <summary>The taps with the most beers.</summary>
    public ReadOnlySpan<(long Beers, int TapId)> Top(int taps) => _order.AsSpan(0, Math.Min(taps, Count));

    /// <summary>A tap's beers have changed; one without beers is not in the ranking.</summary>
    public void Change(int tapId, long before, long after)
    {
        if (before > 0) Move(PlaceOf(before, tapId), after, tapId);
        else if (after > 0) Insert(after, tapId);
    }

    private void Move(int from, long beers, int tapId)
    {
        if (beers <= 0)
        {
            Count--;
            Array.Copy(_order, from + 1, _order, from, Count - from);
            return;
        }

        // The place is found with the tap still at its old one, which counts when it falls behind that.
        var to = PlaceOf(beers, tapId);
        if (to > from) Array.Copy(_order, from + 1, _order, from, --to - from);
        else Array.Copy(_order, to, _order, to + 1, from - to);
        _order[to] = (beers, tapId);
    }

    private void Insert(long beers, int tapId)
    {
        if (Count == _order.Length) Array.Resize(ref _order, Count * 2);
        var to = PlaceOf(beers, tapId);
        Array.Copy(_order, to, _order, to + 1, Count - to);
        _order[to] = (beers, tapId);
        Count++;
    }

    /// <summary>The first place that is not before this tap with so many beers.</summary>
    private int PlaceOf(long beers, int tapId)
    {
        var (low, high) = (0, Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            var (others, otherId) = _order[middle];
            if (others > beers || (others == beers && otherId < tapId)) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
