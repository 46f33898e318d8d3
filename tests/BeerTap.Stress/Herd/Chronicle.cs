namespace BeerTap.Stress.Herd;

/// <summary>What stands at each position, as whoever heard it first heard it; everybody else must hear the same, on whichever hub and transport.</summary>
internal sealed class Chronicle
{
    private const int Most = 8_000_000;

    private readonly int[] _told = new int[Most];

    /// <summary>Whether an event is the one that is known at its position.</summary>
    public bool IsSame(long seq, ReadOnlySpan<byte> record)
    {
        // Transports close the object in their own ways; what is in it ends with its first brace.
        var hash = new HashCode();
        hash.AddBytes(record[..(record.IndexOf((byte)'}') + 1)]);
        var told = hash.ToHashCode() | 1;
        var before = Interlocked.CompareExchange(ref _told[seq], told, 0);
        return before == 0 || before == told;
    }
}
