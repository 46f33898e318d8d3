using System.Globalization;

namespace BeerTap.Server.Beers;

/// <summary>Reads times on the wire: RFC 3339, and the ISO 8601 forms that devices write, always with <c>Z</c> or an offset, so that no zone is guessed.</summary>
/// <remarks>
/// Read by hand because the framework refuses what devices send: more than 7 digits of a second (Go, Rust and Java write 9), lower-case <c>t</c>
/// and <c>z</c>, a space for the <c>T</c>, a leap second and 24:00. Digits beyond the tick are cut. A time that lies outside the years 1 to 9999,
/// such as one of the year 0, becomes the first or the last moment of that range.
/// </remarks>
internal static class Instant
{
    public const string Expected = "must be an RFC 3339 time with Z or an offset, such as 2026-11-21T18:30:00Z.";

    private const int DigitsOfTicks = 7, LatestOffsetHour = 23;

    public static bool TryParse(string text, out DateTime utc)
    {
        utc = default;
        ReadOnlySpan<char> rest = text;
        if (!Number(ref rest, 4, 9999, out var year) || !Skip(ref rest, '-') || !Number(ref rest, 2, 12, out var month) || !Skip(ref rest, '-') || !Number(ref rest, 2, 31, out var day)) return false;
        if (!Skip(ref rest, 'T') && !Skip(ref rest, 't') && !Skip(ref rest, ' ')) return false;
        if (!Number(ref rest, 2, 24, out var hour) || !Skip(ref rest, ':') || !Number(ref rest, 2, 59, out var minute)) return false;
        var (second, fraction) = (0, 0L);
        if (Skip(ref rest, ':') && (!Number(ref rest, 2, 60, out second) || !Fraction(ref rest, out fraction))) return false;
        if (!Offset(ref rest, out var offset) || !rest.IsEmpty) return false;

        // The year 0 has the calendar of the year 4, and is cut to the beginning of the year 1.
        if (month < 1 || day < 1 || day > DateTime.DaysInMonth(year == 0 ? 4 : year, month)) return false;
        if (hour == 24 && (minute > 0 || second > 0 || fraction > 0)) return false;

        // A leap second has no place of its own here: it is the last moment of its minute.
        if (second == 60) (second, fraction) = (59, TimeSpan.TicksPerSecond - 1);
        if (year == 0) return true;
        var ticks = new DateTime(year, month, day).Ticks + ((((hour * 60L) + minute) * 60) + second) * TimeSpan.TicksPerSecond + fraction - offset * TimeSpan.TicksPerMinute;
        utc = new DateTime(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Utc);
        return true;
    }

    /// <summary>To the millisecond, as all times that are kept; what is finer is cut.</summary>
    public static DateTime Milliseconds(DateTime utc) => new(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);

    /// <summary>A time as it is written: as many digits of a second as it has, milliseconds at most.</summary>
    public static string Text(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    private static bool Number(ref ReadOnlySpan<char> text, int digits, int most, out int number)
    {
        number = 0;
        if (text.Length < digits) return false;
        foreach (var letter in text[..digits])
        {
            if (!char.IsAsciiDigit(letter)) return false;
            number = (number * 10) + letter - '0';
        }

        text = text[digits..];
        return number <= most;
    }

    private static bool Skip(ref ReadOnlySpan<char> text, char letter)
    {
        if (text.IsEmpty || text[0] != letter) return false;
        text = text[1..];
        return true;
    }

    /// <summary>Ticks of a second. A point with no digit behind it was always taken.</summary>
    private static bool Fraction(ref ReadOnlySpan<char> text, out long ticks)
    {
        ticks = 0;
        if (!Skip(ref text, '.') && !Skip(ref text, ',')) return true;
        var digits = 0;
        for (; digits < text.Length && char.IsAsciiDigit(text[digits]); digits++)
        {
            if (digits < DigitsOfTicks) ticks = (ticks * 10) + text[digits] - '0';
        }

        for (var missing = digits; missing < DigitsOfTicks; missing++) ticks *= 10;
        text = text[digits..];
        return true;
    }

    /// <summary>Minutes ahead of UTC: <c>Z</c>, <c>+hh:mm</c>, <c>+hhmm</c>, <c>+hh</c> or <c>+h:mm</c>.</summary>
    private static bool Offset(ref ReadOnlySpan<char> text, out int minutes)
    {
        minutes = 0;
        if (Skip(ref text, 'Z') || Skip(ref text, 'z')) return true;
        var isBehind = !text.IsEmpty && text[0] == '-';
        if (!Skip(ref text, '+') && !Skip(ref text, '-')) return false;
        var isShort = text.Length > 1 && text[1] == ':';
        if (!Number(ref text, isShort ? 1 : 2, LatestOffsetHour, out var hours)) return false;
        if ((Skip(ref text, ':') || !text.IsEmpty) && !Number(ref text, 2, 59, out minutes)) return false;
        minutes += hours * 60;
        if (isBehind) minutes = -minutes;
        return true;
    }
}
