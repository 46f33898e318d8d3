using BeerTap.Server.Storage;

namespace BeerTap.Server.Reports;

/// <summary>Makes reports from the totals that are kept with each commit; no beer is looked at.</summary>
internal static class Shares
{
    public static ShareReport Of(TotalsSnapshot totals)
    {
        var all = totals.Beers;
        return new ShareReport(all, [.. totals.Taps.Where(tap => tap.Beers > 0).Select(tap =>
            new TapShare(tap.TapId, tap.Beers, Percent(tap.Beers, all), tap.TotalVolume))]);
    }

    /// <summary>A part of a whole in percent with two decimals; half up, as people round.</summary>
    public static double Percent(long part, long whole) =>
        whole == 0 ? 0 : (double)Math.Round(100m * part / whole, 2, MidpointRounding.AwayFromZero);
}
