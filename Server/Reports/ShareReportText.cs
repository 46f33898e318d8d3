using System.Globalization;
using System.Text;

namespace BeerTap.Server.Reports;

/// <summary>The share report in the original system's words: <c>{"tap 1":"40.0%","tap 2":"60.0%","total beers":10}</c>.</summary>
internal static class ShareReportText
{
    public static byte[] Write(ShareReport report)
    {
        var text = new StringBuilder("{");
        foreach (var tap in report.Taps)
        {
            text.Append(CultureInfo.InvariantCulture, $"\"tap {tap.TapId}\":\"{Percent(tap.Beers):0.0}%\",");
        }

        if (report.Others is { } others) text.Append(CultureInfo.InvariantCulture, $"\"other taps\":\"{Percent(others.Beers):0.0}%\",");
        text.Append(CultureInfo.InvariantCulture, $"\"total beers\":{report.TotalBeers}}}");
        return Encoding.ASCII.GetBytes(text.ToString());

        decimal Percent(long beers) => Math.Round(100m * beers / report.TotalBeers, 1, MidpointRounding.AwayFromZero);
    }
}
