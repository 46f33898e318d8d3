namespace BeerTap.Server.Storage;

/// <summary>Hours since 1970 in UTC: the grain in which totals over time are kept.</summary>
internal static class Hours
{
    public const long Milliseconds = 3_600_000;

    public static long Of(DateTime utc) => Of(Clock.ToUnix(utc));

    /// <summary>The hour of a store time; also before 1970, where a query may look though no pour is.</summary>
    public static long Of(long unix) => unix / Milliseconds - (unix % Milliseconds < 0 ? 1 : 0);
}

/// <summary>
/// Volumes are summed in whole units of a ten-thousandth of a millilitre, so that adding and taking away ten million pours leaves no
/// rounding behind. A long holds 9.2e14 ml.
/// </summary>
internal static class Units
{
    private const double PerMillilitre = 10_000;

    public static long FromMillilitres(double volume) => (long)Math.Round(volume * PerMillilitre);

    public static double ToMillilitres(long units) => units / PerMillilitre;
}

/// <summary>Store times: milliseconds since 1970 in UTC.</summary>
internal static class Clock
{
    public static long ToUnix(DateTime utc) => (utc.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;

    public static DateTime FromUnix(long milliseconds) => DateTime.UnixEpoch.AddMilliseconds(milliseconds);
}
