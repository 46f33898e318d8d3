namespace BeerTap.Client.Load;

/// <summary>The result of a load, for people.</summary>
internal static class LoadReport
{
    public static IEnumerable<string> Lines(LoadResult result)
    {
        yield return Text($"rate            asked {result.RateAsked:0.##}/s, achieved {result.RateAchieved:0.0}/s over {result.Seconds:0.0} s{(result.Stopped ? ", stopped early" : "")}");
        yield return Text($"pours           {result.Sent} of {result.Pours} sent, {result.Acknowledged} acknowledged, {result.Refused} refused, {result.Unanswered} unanswered");
        yield return $"answers         {(result.Answers.Count == 0 ? "none" : string.Join(", ", result.Answers.Select(answer => Text($"{answer.Key}: {answer.Value}"))))}";
        yield return "";
        yield return Row("latency (ms)", "p50", "p90", "p99", "max", "count");
        yield return Row("began late", result.Late);
        yield return Row("post", result.Post);
        foreach (var feed in result.Feeds)
        {
            yield return Row($"heard {feed.Feed}", feed.PourToHeard);
        }

        yield return "All from when a pour was due by the schedule, the warm-up left out.";
        yield return "";
        if (result.Feeds.Count > 0)
        {
            yield return Row("listeners", "number", "heard", "lost", "doubled", "gaps", "reloads", "resumes");
            foreach (var feed in result.Feeds)
            {
                yield return Row(feed.Feed, [.. new[] { feed.Listeners, feed.Heard, feed.Lost, feed.Duplicated, feed.Gaps, feed.Reloads, feed.Reconnects }.Select(count => Text($"{count}"))]);
            }

            yield return "";
        }

        foreach (var line in Doubts(result))
        {
            yield return line;
        }

        yield return Verdict(result);
    }

    private static IEnumerable<string> Doubts(LoadResult result)
    {
        if (result.NotSent > 0 && !result.Stopped)
        {
            yield return Text($"COULD NOT KEEP THE RATE: {result.NotSent} of {result.Pours} pours were not sent by the end; the latencies are those of the others.");
        }

        if (result.BegunLate > 0)
        {
            var word = result.KeptTheRate ? "note" : "COULD NOT KEEP THE RATE";
            var why = result.Waited > 0 ? Text($"all {result.InFlightLimit} posts were under way") : "posts were free, so this machine was too busy";
            yield return Text($"{word}: {result.BegunLate} of {result.Late.Count} pours began over 10 ms late ({why}); the latencies hold that wait.");
        }

        if (result.RefusedButHeard > 0)
        {
            yield return Text($"{result.RefusedButHeard} pours were refused, and heard all the same.");
        }
    }

    private static string Verdict(LoadResult result) => result switch
    {
        { Acknowledged: 0 } => "FAILED: no pour was acknowledged",
        { Sound: false } => Text($"FAILED: lost {result.Lost}, duplicated {result.Duplicated}, gaps {result.Gaps}"),
        { KeptTheRate: false, Feeds.Count: 0 } => "TOO SLOW: the rate was not kept; lost and duplicated: not known, nobody listened",
        { KeptTheRate: false } => "TOO SLOW: lost 0, duplicated 0, gaps 0, but the rate was not kept",
        { Feeds.Count: 0 } => "lost and duplicated: not known, nobody listened",
        _ => "OK: lost 0, duplicated 0, gaps 0; every listener heard each pour once, in order",
    };

    private static string Row(string name, LatencyFigures latency) =>
        Row(name, Time(latency.P50), Time(latency.P90), Time(latency.P99), Time(latency.Max), Text($"{latency.Count}"));

    private static string Row(string name, params string[] cells) => $"{name,-16}{string.Concat(cells.Select((cell, index) => cell.PadLeft(index == 0 ? 8 : 9)))}";

    private static string Time(double? milliseconds) => milliseconds is { } time ? Text($"{time:0.00}") : "-";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
