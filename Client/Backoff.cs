namespace BeerTap.Client;

/// <summary>
/// Waits between tries: exponential with full jitter, so that ten thousand taps that lost the same server do not come
/// back in one wave. The ceiling doubles from 250 ms to 15 s and stays there; there is no last try.
/// </summary>
internal sealed class Backoff(Random random)
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan Cap = TimeSpan.FromSeconds(15);

    /// <summary>The wait when the server says no to the caller (401, 403): only a person can change that.</summary>
    private static readonly TimeSpan NotAllowedMean = TimeSpan.FromSeconds(30);

    /// <summary>No server's word makes a tap wait longer than this.</summary>
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    private int _failures;

    public TimeSpan Next()
    {
        // 2^6 * 250 ms is over the cap: more doublings change nothing.
        var ceiling = First * Math.Pow(2, Math.Min(_failures, 6));
        _failures++;
        return (ceiling < Cap ? ceiling : Cap) * random.NextDouble();
    }

    public void Reset() => _failures = 0;

    /// <summary>Many were sent away at the same time: those who come back and find nobody spread over a second at least, not over the first 250 ms.</summary>
    public void Widen() => _failures = Math.Max(_failures, 2);

    public TimeSpan NotAllowed() => NotAllowedMean * (0.5 + random.NextDouble());

    /// <summary>At least what the server asked for, and up to a fifth or a second more, so that taps told the same do not return together.</summary>
    public TimeSpan AtLeast(TimeSpan retryAfter)
    {
        var asked = TimeSpan.FromTicks(Math.Clamp(retryAfter.Ticks, 0, LongestRetryAfter.Ticks));
        var spread = TimeSpan.FromTicks(Math.Min(asked.Ticks / 5, TimeSpan.TicksPerSecond));
        return asked + (spread * random.NextDouble());
    }
}
