namespace BeerTap.Server.Storage;

/// <summary>The taps that have beers, most beers first, those with as many by their id. A change costs the logarithm of their number.</summary>
/// <remarks>Not safe for several threads; <see cref="Totals"/> guards it.</remarks>
internal sealed class Ranking
{
    private readonly SortedSet<(long Beers, int TapId)> _order = new(Comparer<(long Beers, int TapId)>.Create(
        static (a, b) => a.Beers != b.Beers ? b.Beers.CompareTo(a.Beers) : a.TapId.CompareTo(b.TapId)));

    /// <summary>How many taps have beers.</summary>
    public int Count => _order.Count;

    /// <summary>The taps with the most beers.</summary>
    public IEnumerable<(long Beers, int TapId)> Top(int taps) => _order.Take(taps);

    /// <summary>A tap's beers have changed; one without beers is not in the ranking.</summary>
    public void Change(int tapId, long before, long after)
    {
        if (before == after)
        {
            return;
        }

        if (before > 0)
        {
            _order.Remove((before, tapId));
        }

        if (after > 0)
        {
            _order.Add((after, tapId));
        }
    }
}
