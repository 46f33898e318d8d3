namespace BeerTap.Client;

/// <summary>One event of the feed, of any kind: <see cref="Event"/> names the kind, and each kind fills its own fields.</summary>
internal sealed record FeedEvent(
    string? Event,
    string? Position = null,
    string? Epoch = null,
    Beer? Beer = null,
    long? Id = null,
    ShareReport? Report = null,
    string? Reason = null,
    long? RetryAfterMs = null,
    string? To = null)
{
    public const string Welcome = "welcome";
    public const string BeerPoured = "beerPoured";
    public const string BeerDeleted = "beerDeleted";
    public const string ShareReport = "shareReport";
    public const string Reload = "reload";
    public const string Closing = "closing";

    /// <summary>All kinds that this program knows, for transports that subscribe to each by name.</summary>
    public static readonly IReadOnlyList<string> Names = [Welcome, BeerPoured, BeerDeleted, ShareReport, Reload, Closing];
}

/// <summary>What every event has, of whatever kind: all that is read of a kind that this program does not know, whose other fields may be of any type.</summary>
internal sealed record EventHead(string? Event, string? Position)
{
    public FeedEvent ToEvent() => new(Event, Position);
}

/// <summary>
/// What a feed that only counts takes from an event. A report of a thousand taps to each of a thousand feeds is a million
/// shares: whoever does not print them does not read them.
/// </summary>
internal sealed record CountedEvent(string? Event, string? Position, string? Epoch, string? Reason, long? RetryAfterMs, string? To = null)
{
    public FeedEvent ToEvent() => new(Event, Position, Epoch, Reason: Reason, RetryAfterMs: RetryAfterMs, To: To);
}

/// <summary>Each tap's part of all beers; <c>Share</c> is in percent, volumes in millilitres.</summary>
/// <param name="Taps">The taps with the most beers, by their id.</param>
/// <param name="Others">All other taps as one; null when there is none.</param>
internal sealed record ShareReport(long TotalBeers, IReadOnlyList<TapShare>? Taps, OtherShares? Others = null);

internal sealed record TapShare(long TapId, long Beers, decimal Share, decimal TotalVolume);

/// <param name="Taps">How many they are.</param>
internal sealed record OtherShares(int Taps, long Beers, decimal Share, decimal TotalVolume);

/// <summary>A tap as the hub lists it; <c>Share</c> is in percent, the volume in millilitres.</summary>
internal sealed record Tap(long Id, bool Connected, long Beers, decimal TotalVolume, decimal Share);

internal sealed record TapsAnswer(IReadOnlyList<Tap>? Taps, long? Next = null);
