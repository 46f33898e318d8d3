namespace BeerTap.Server.Storage;

/// <summary>
/// A filter's time, cut into whole hours, whose totals are kept, and at most two pieces of an hour, whose beers are counted out.
/// </summary>
/// <remarks>Hours count from 1970; a query may look before that, but no pour is there.</remarks>
internal static class TimeCut
{
    private static readonly long LatestTime = Clock.ToUnix(DateTime.MaxValue);

    /// <summary>The hours a filter's time touches.</summary>
    public static (long First, long Last) Touched(BeerFilter filter) => (
        filter.From is { } from ? Math.Max(0, Hours.Of(from)) : 0,
        filter.To is { } to ? Hours.Of(Clock.ToUnix(to) - 1) : long.MaxValue);

    /// <summary>The hours that lie within a filter's time; none when the first is behind the last.</summary>
    public static (long First, long Last) Whole(BeerFilter filter) => (
        filter.From is { } from ? Math.Max(0, Hours.Of(Clock.ToUnix(from) + Hours.Milliseconds - 1)) : 0,
        filter.To is { } to ? Hours.Of(to) - 1 : long.MaxValue);

    /// <summary>What the whole hours leave over; a time without one is left as it is.</summary>
    public static IEnumerable<BeerFilter> Pieces(BeerFilter filter)
    {
        var (first, last) = Whole(filter);
        if (first > last)
        {
            yield return filter;
            yield break;
        }

        if (filter.From is { } from && Hours.Of(from) < first) yield return filter with { To = StartOf(first) };
        if (filter.To is { } to && to > StartOf(last + 1)) yield return filter with { From = StartOf(last + 1) };
    }

    private static DateTime StartOf(long hour) => Clock.FromUnix(Math.Min(hour * Hours.Milliseconds, LatestTime));
}
