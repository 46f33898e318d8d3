using System.Globalization;

namespace BeerTap.Client;

/// <summary>Durations as people write them: <c>500ms</c>, <c>2s</c>, <c>1.5m</c>, <c>1h</c>, and <c>0</c>.</summary>
internal static class Duration
{
    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
    ];

    public static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        foreach (var (unit, length) in Units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            {
                var milliseconds = amount * length.TotalMilliseconds;
                if (milliseconds > Longest.TotalMilliseconds)
                {
                    return false;
                }

                duration = TimeSpan.FromMilliseconds(milliseconds);
                return duration == TimeSpan.Zero || duration >= TimeSpan.FromMilliseconds(1);
            }
        }

        return false;
    }

    public static string Text(TimeSpan duration)
    {
        var (unit, length) = Units.LastOrDefault(unit => duration >= unit.Length, Units[0]);
        return duration == TimeSpan.Zero ? "0" : string.Create(CultureInfo.InvariantCulture, $"{duration / length:0.###}{unit}");
    }
}
