using System.Globalization;

namespace BeerTap.Client.Watch;

/// <summary>How the house stands, in one line.</summary>
internal static class WatchLine
{
    /// <summary>Of how many leading taps the line tells.</summary>
    private const int MostTaps = 5;

    public static string Of(House house)
    {
        var leading = Leading.Of(house, MostTaps);
        var parts = leading.Taps.Select(tap => string.Create(CultureInfo.InvariantCulture, $"tap {tap.Id} {tap.Share:0.00}% ({tap.Beers}) {tap.Rate:0.0}/s")).ToList();
        if (leading.Others is { } others)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{others.Taps} {(others.Taps == 1 ? "other" : "others")} {others.Share:0.00}% ({others.Beers})"));
        }

        var last = house.Pours.Count > 0
            ? string.Create(CultureInfo.InvariantCulture, $"; last: tap {house.Pours[0].Beer.TapId} {ConsoleReport.Printable(house.Pours[0].Beer.Type)} {house.Pours[0].Beer.Volume:0.0} ml (beer {house.Pours[0].Beer.Id})")
            : "";
        var shares = parts.Count > 0 ? $": {string.Join(", ", parts)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{leading.Count} taps, {house.Beers} beers, {house.Rate:0.0}/s{shares}{last}");
    }
}

/// <summary>The taps with the most beers, by their id, and the sum of all others.</summary>
internal sealed record Leading(IReadOnlyList<TapRow> Taps, OtherShares? Others, double OthersRate, int Count)
{
    public static Leading Of(House house, int most)
    {
        var ranked = house.Taps.OrderByDescending(tap => tap.Beers).ThenBy(tap => tap.Id).ToList();
        var rest = ranked.Skip(most).ToList();
        var unnamed = house.Others ?? new OtherShares(0, 0, 0, 0);
        var others = new OtherShares(
            unnamed.Taps + rest.Count,
            unnamed.Beers + rest.Sum(tap => tap.Beers),
            unnamed.Share + rest.Sum(tap => tap.Share),
            unnamed.TotalVolume + rest.Sum(tap => tap.Volume));
        var named = ranked.Take(most).OrderBy(tap => tap.Id).ToList();
        return new Leading(named, others.Taps > 0 ? others : null, Math.Max(0, house.Rate - named.Sum(tap => tap.Rate)), house.Taps.Count + unnamed.Taps);
    }
}
