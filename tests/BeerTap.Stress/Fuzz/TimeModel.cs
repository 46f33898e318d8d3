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
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return null;
        var fraction = match.Groups[7].Value.PadRight(7, '0');
        var ticks = new DateTime(year, month, day, hour, minute, second).Ticks + long.Parse(fraction, CultureInfo.InvariantCulture);
        if (match.Groups[8].Success)
        {
            var (hours, minutes) = (Part(match, 9), Part(match, 10));
            if (minutes > 59 || hours * 60 + minutes > 14 * 60) return null;
            var offset = (hours * 60L + minutes) * TimeSpan.TicksPerMinute;
            ticks += match.Groups[8].Value == "-" ? offset : -offset;
        }

        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? ticks : null;
    }

    private static int Part(Match match, int group) => match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;

    // ISO 8601 has the offset with and without its colon; the hub also takes +1:00, which can mean one thing only.
    [GeneratedRegex(@"\A([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{0,7}))?)?(?:Z|([+-])([0-9]{2}(?=:?[0-9]{2}\z)|[0-9](?=:)):?([0-9]{2}))\z")]
    private static partial Regex Shape();
}
