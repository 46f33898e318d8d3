namespace BeerTap.Client;

/// <summary>
/// What one tap pours, and when. The same seed and tap give the same volumes in the same order; times and pour ids
/// are never repeated, so a second run with the same seed pours new beers.
/// </summary>
internal sealed class PourGenerator(int seed, int tapId, TimeProvider time)
{
    // Two sources, so that the volumes do not depend on how many waits were drawn in between.
    private readonly Random _volumes = new(Mix(seed, tapId));
    private readonly Random _waits = new(Mix(~seed, tapId));

    /// <summary>A pour of 100.0 to 1000.0 ml, measured now.</summary>
    public Pour Next()
    {
        var now = time.GetUtcNow();
        var volume = _volumes.Next(1000, 10_001) / 10m;
        return new Pour(tapId, volume, Guid.CreateVersion7(now < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : now).ToString("N"), now.UtcDateTime);
    }

    /// <summary>The time to the first pour: anywhere within one mean, so that taps started together spread out.</summary>
    public TimeSpan FirstWait(TimeSpan mean) => mean * _waits.NextDouble();

    /// <summary>The time between two pours: half to one and a half of the mean.</summary>
    public TimeSpan NextWait(TimeSpan mean) => mean * (0.5 + _waits.NextDouble());

    // HashCode.Combine differs from process to process; this does not. The finaliser of MurmurHash3 keeps
    // neighbouring taps and seeds from having related volumes.
    private static int Mix(int seed, int tapId)
    {
        unchecked
        {
            var hash = ((uint)seed * 0x9E3779B1) ^ ((uint)tapId * 0x85EBCA77);
            hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
            hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
            return (int)(hash ^ (hash >> 16));
        }
    }
}
