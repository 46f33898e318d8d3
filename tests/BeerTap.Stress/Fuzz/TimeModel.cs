using System.Globalization;
using System.Text.RegularExpressions;

namespace BeerTap.Stress.Fuzz;

/// <summary>A full time with <c>Z</c> or an offset, read digit by digit.</summary>
internal static partial class TimeModel
{
    /// <summary>The time in ticks of UTC, or null.</summary>
    public static long? Read(string text)
    {
        if (Shape().Match(text) is not { Success: true } match) return null;
        var (year, month, day) = (Part(match, 1), Part(match, 2), Part(match, 3));
        var (hour, minute, second) = (Part(match, 4), Part(match, 5), Part(match, 6));
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year == 0 ? 4 : year, month) || hour > 24 || minute > 59 || second > 60) return null;
        var fraction = long.Parse(match.Groups[7].Value.PadRight(7, '0')[..7], CultureInfo.InvariantCulture);
        if (hour == 24 && (minute > 0 || second > 0 || fraction > 0)) return null;
        if (second == 60) (second, fraction) = (59, TimeSpan.TicksPerSecond - 1);
        var ticks = new DateTime(Math.Max(year, 1), month, year == 0 ? 1 : day).Ticks + new TimeSpan(hour, minute, second).Ticks + fraction;
        if (match.Groups[8].Success)
        {
            var (hours, minutes) = (Part(match, 9), Part(match, 10));
            if (minutes > 59 || hours > 23) return null;
            var offset = (hours * 60L + minutes) * TimeSpan.TicksPerMinute;
            ticks += match.Groups[8].Value == "-" ? offset : -offset;
        }

        return year == 0 ? 0 : Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks);
    }

    private static int Part(Match match, int group) => match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

    // ISO 8601 has the offset with and without its colon and its minutes; the hub also takes +1:00, which can mean one thing only.
    [GeneratedRegex(
        @"\A([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]*))?)?" +
        @"(?:[Zz]|([+-])([0-9]{2}(?=\z|:?[0-9]{2}\z)|[0-9](?=:))(?::?([0-9]{2}))?)\z")]
    private static partial Regex Shape();
}
