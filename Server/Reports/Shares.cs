using BeerTap.Server.Storage;

namespace BeerTap.Server.Reports;

/// <summary>Makes reports from the totals that are kept with each commit; no beer is looked at.</summary>
internal static class Shares
{
    public static ShareReport Of(TopTotals totals)
    {
        var all = totals.Beers;
        var others = totals.OtherTaps == 0 ? null
            : new OtherShares(totals.OtherTaps, totals.OtherBeers, Percent(totals.OtherBeers, all), Units.ToMillilitres(totals.OtherUnits));
        return new ShareReport(
            all, [.. totals.Taps.OrderBy(tap => tap.TapId).Select(tap => new TapShare(tap.TapId, tap.Beers, Percent(tap.Beers, all), tap.TotalVolume))], others);
    }

    /// <summary>A part of a whole in percent with two decimals; half up, as people round.</summary>
    public static double Percent(long part, long whole) =>
        whole == 0 ? 0 : (double)Math.Round(100m * part / whole, 2, MidpointRounding.AwayFromZero);
}
