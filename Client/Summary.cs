using System.Globalization;

namespace BeerTap.Client;

/// <summary>What a run came to. Pours: posted = acknowledged + refused + still waiting after at least one try.</summary>
internal sealed record Summary(
    long Posted,
    long Acknowledged,
    long Replayed,
    long Refused,
    long Waiting,
    long Heard,
    long Reports,
    long Reloads,
    long Duplicates,
    long Gaps)
{
    public static Summary Of(PourTally pours, int waiting, IReadOnlyCollection<FeedTally> feeds) => new(
        pours.Posted,
        pours.Acknowledged,
        pours.Replayed,
        pours.Refused,
        waiting,
        feeds.Sum(feed => feed.Heard),
        feeds.Sum(feed => feed.Reports),
        feeds.Sum(feed => feed.Reloads),
        feeds.Sum(feed => feed.Duplicates),
        feeds.Sum(feed => feed.Gaps));

    /// <summary>The feed's promise: nothing left out, nothing twice.</summary>
    public bool FeedKeptItsPromise => Gaps == 0 && Duplicates == 0;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"posted {Posted}, acknowledged {Acknowledged} ({Replayed} replayed), refused {Refused}, waiting {Waiting}, "
        + $"heard {Heard}, reports {Reports}, reloads {Reloads}, duplicates {Duplicates}, gaps: {Gaps}");
}
