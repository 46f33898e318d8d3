using System.Globalization;
using System.Text.Json.Serialization;

namespace BeerTap.Client.Load;

/// <summary>Latencies in milliseconds; null when there were none.</summary>
internal sealed record LatencyFigures(long Count, double? P50, double? P90, double? P99, double? Max)
{
    public static LatencyFigures Of(Latencies latencies) =>
        new(latencies.Count, latencies.Percentile(0.5), latencies.Percentile(0.9), latencies.Percentile(0.99), latencies.Percentile(1));
}

/// <summary>What the listeners of one feed heard; <c>Heard</c> and <c>Lost</c> count each pour once for each listener that should hear it.</summary>
internal sealed record FeedFigures(string Feed, int Listeners, long Heard, long Lost, long Duplicated, long Gaps, long Reloads, long Reconnects, LatencyFigures PourToHeard);

/// <summary>What a load came to.</summary>
/// <param name="RateAsked">Pours a second.</param>
/// <param name="RateAchieved">Pours acknowledged a second, from when the first was due to the last answer.</param>
/// <param name="Seconds">From when the first pour was due to the last answer, the warm-up included.</param>
/// <param name="Stopped">Somebody ended it before its time.</param>
/// <param name="Answers">How many answers there were by HTTP status; <c>none</c>: no answer.</param>
/// <param name="Waited">How often a pour was due and all posts were under way.</param>
/// <param name="BegunLate">Pours that began over 10 ms after their turn.</param>
/// <param name="RefusedButHeard">Pours that were answered with a refusal and yet heard.</param>
/// <param name="Late">From when a pour was due to the start of its post. Like the other latencies without the warm-up.</param>
/// <param name="Post">From when a pour was due to its acknowledgement.</param>
/// <param name="Sound">At least one pour was acknowledged, and every acknowledged one was heard by every listener once and in order.</param>
internal sealed record LoadResult(
    string Server,
    int Taps,
    double RateAsked,
    double RateAchieved,
    double Seconds,
    double WarmUpSeconds,
    bool Stopped,
    int Pours,
    int Sent,
    int NotSent,
    int Acknowledged,
    int Refused,
    int Unanswered,
    IReadOnlyDictionary<string, int> Answers,
    int InFlightLimit,
    int Waited,
    int BegunLate,
    bool KeptTheRate,
    int RefusedButHeard,
    long Lost,
    long Duplicated,
    long Gaps,
    LatencyFigures Late,
    LatencyFigures Post,
    IReadOnlyList<FeedFigures> Feeds,
    bool Sound)
{
    /// <summary>A schedule of which more than this part begins late is not kept.</summary>
    private const double LatePart = 0.01;

    public static LoadResult Of(LoadOptions options, PourBook book, IReadOnlyList<LoadListener> listeners, Dictionary<FeedKind, Latencies> heard, bool stopped)
    {
        var feeds = listeners.GroupBy(listener => listener.Kind).Select(feed => new FeedFigures(
            feed.Key.ToString().ToLowerInvariant(),
            feed.Count(),
            feed.Sum(listener => (long)book.Acknowledged.CountWith(listener.HeardPours)),
            feed.Sum(listener => (long)listener.Missing),
            feed.Sum(listener => listener.Doubled),
            feed.Sum(listener => listener.Feed.Tally.Gaps),
            feed.Sum(listener => listener.Feed.Tally.Reloads),
            feed.Sum(listener => listener.Feed.Tally.Welcomes - 1),
            LatencyFigures.Of(heard[feed.Key]))).ToList();
        var (lost, duplicated, gaps) = (feeds.Sum(feed => feed.Lost), feeds.Sum(feed => feed.Duplicated), feeds.Sum(feed => feed.Gaps));
        var refusedButHeard = listeners.Select(listener => book.Refused.CountWith(listener.HeardPours)).DefaultIfEmpty().Max();
        var late = LatencyFigures.Of(book.Late);
        var unanswered = book.ByStatus.GetValueOrDefault(0);

        // A run that is quicker than its last pour's turn has still taken that turn.
        var seconds = Math.Max(book.Took.TotalSeconds, book.DueAfter(book.Begun).TotalSeconds);
        return new LoadResult(
            options.Server.ToString(),
            options.Taps,
            options.Rate,
            seconds > 0 ? Math.Round(book.Acknowledged.Count / seconds, 2) : 0,
            Math.Round(seconds, 3),
            options.WarmUp.TotalSeconds,
            stopped,
            options.Pours,
            book.Begun,
            options.Pours - book.Begun,
            book.Acknowledged.Count,
            book.Answered - book.Acknowledged.Count - unanswered,
            unanswered,
            book.ByStatus.OrderBy(status => status.Key).ToDictionary(status => status.Key == 0 ? "none" : status.Key.ToString(CultureInfo.InvariantCulture), status => status.Value),
            options.InFlight,
            book.Waited,
            book.BegunLate,
            (stopped || book.Begun == options.Pours) && book.BegunLate <= late.Count * LatePart,
            refusedButHeard,
            lost,
            duplicated,
            gaps,
            late,
            LatencyFigures.Of(book.Answers),
            feeds,
            book.Acknowledged.Count > 0 && lost == 0 && duplicated == 0 && gaps == 0 && refusedButHeard == 0);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LoadResult))]
internal sealed partial class LoadJson : JsonSerializerContext;
