using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

/// <summary>Decides when a beer was poured. No pour is refused for its time: one that cannot be is kept beside the hub's own.</summary>
internal sealed class PourTimes(TimeProvider time)
{
    /// <summary>A device's clock may be ahead of the hub's, but not by more than this.</summary>
    private static readonly TimeSpan LongestClockLead = TimeSpan.FromDays(1);

    private static readonly DateTime EarliestPour = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The hub's clock, to the millisecond. The store's hours begin with 1970, before which no clock of a computer is.</summary>
    public DateTime Now => Clock.FromUnix(Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds()));

    /// <summary>The time of a beer, and the time that the device named where that cannot be.</summary>
    /// <param name="pouredAt">What the device says; null when it says nothing.</param>
    public (DateTime At, DateTime? Claimed) Of(DateTime? pouredAt)
    {
        var now = Now;
        if (pouredAt is not { } said) return (now, null);
        var at = Instant.Milliseconds(said);
        return at < EarliestPour || at - now > LongestClockLead ? (now, at) : (at, null);
    }

    /// <summary>As <see cref="Of"/>, for a beer that a hub stored and exported: its time is kept as it is, whatever that hub's clock said.</summary>
    /// <param name="claimed">What the device had said, if that was kept beside it.</param>
    public (DateTime At, DateTime? Claimed) OfStored(DateTime at, DateTime? claimed) =>
        at < DateTime.UnixEpoch ? Of(at) : (Instant.Milliseconds(at), claimed is { } said ? Instant.Milliseconds(said) : null);
}
