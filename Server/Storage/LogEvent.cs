using System.Diagnostics;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>One entry of the log. <paramref name="Seq"/> counts from 1 without gaps.</summary>
internal abstract record LogEvent(long Seq);

/// <summary>A beer was poured; its id is the position number.</summary>
internal sealed record BeerPoured(Beer Beer) : LogEvent(Beer.Id);

/// <summary>A beer was taken out of the collection; its own entry stays in the log.</summary>
internal sealed record BeerDeleted(long Seq, Beer Beer, DateTime Timestamp) : LogEvent(Seq);

/// <summary>What one transaction put into the log, in order; told to observers after it reached the disk.</summary>
internal sealed record CommittedBatch(IReadOnlyList<LogEvent> Events)
{
    /// <summary>The position number of the last event.</summary>
    public long Last => Events[^1].Seq;

    /// <summary>The commit in a trace; null when nobody follows it.</summary>
    public Activity? Commit { get; init; }
}
