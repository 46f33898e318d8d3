namespace BeerTap.Client.Load;

/// <summary>
/// Each pour of a load has a number, which travels as its volume (100.0001 to 999.9999 ml), so that whoever hears of a beer
/// knows which pour it was and when it was due. Other clients' volumes have one decimal, and other loads start elsewhere.
/// </summary>
internal sealed class PourNumbers(int firstTap, int taps, int pours, int offset)
{
    /// <summary>As many as there are volumes.</summary>
    public const int Most = 8_999_999;

    /// <summary>About Most divided by the golden ratio, and without a common divisor: numbers in a row have volumes far apart.</summary>
    private const long Step = 5_562_307;

    private static readonly long StepBack = Inverse(Step, Most);

    public int Pours => pours;

    public int TapOf(int number) => firstTap + (number % taps);

    public decimal VolumeOf(int number) => 100m + (0.0001m * (1 + ((number + (long)offset) % Most * Step % Most)));

    /// <summary>Which of these pours the beer is, or null when it is somebody else's.</summary>
    public int? NumberOf(Beer beer)
    {
        var code = ((beer.Volume - 100m) * 10_000m) - 1;
        if (code < 0 || code >= Most || code != decimal.Truncate(code))
        {
            return null;
        }

        var number = (int)((((long)code * StepBack % Most) + Most - (offset % Most)) % Most);
        return number < pours && TapOf(number) == beer.TapId ? number : null;
    }

    // The extended Euclidean algorithm.
    private static long Inverse(long value, long modulus)
    {
        var (r, next, x, nextX) = (modulus, value, 0L, 1L);
        while (next != 0)
        {
            var quotient = r / next;
            (r, next) = (next, r - (quotient * next));
            (x, nextX) = (nextX, x - (quotient * nextX));
        }

        return ((x % modulus) + modulus) % modulus;
    }
}
