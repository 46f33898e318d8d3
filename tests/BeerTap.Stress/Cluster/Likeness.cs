using System.Text.Json.Nodes;

namespace BeerTap.Stress.Cluster;

/// <summary>Asks several hubs the same and compares what they say, byte for byte where nothing in it is a hub's own.</summary>
internal sealed class Likeness(IReadOnlyList<HttpClient> hubs)
{
    /// <summary>The first answer that is not the same everywhere, or null.</summary>
    public async Task<string?> FindDifferenceAsync(CancellationToken cancel) =>
        await CompareAsync("/api/taps", WithoutPresence, cancel)
        ?? await CompareAsync("/api/reports/totals", Same, cancel)
        ?? await CompareAsync("/api/reports/share", Same, cancel)
        ?? await WalkLogAsync(cancel)
        ?? await WalkBeersAsync(cancel);

    private static string Same(string answer) => answer;

    /// <summary>Who is connected, and was last, is told apart from the log.</summary>
    private static string WithoutPresence(string answer)
    {
        var taps = JsonNode.Parse(answer)!;
        foreach (var tap in taps["taps"]!.AsArray())
        {
            tap!.AsObject().Remove("connected");
            tap.AsObject().Remove("lastSeen");
        }

        return taps.ToJsonString();
    }

    private async Task<string?> WalkLogAsync(CancellationToken cancel)
    {
        for (var after = "earliest"; ;)
        {
            var answers = await AskAsync($"/api/events?limit=1000&after={after}", cancel);
            if (Difference($"the log after {after}", answers) is { } difference) return difference;
            var page = JsonNode.Parse(answers[0])!;
            if (page["events"]!.AsArray().Count == 0) return null;
            after = (string)page["position"]!;
        }
    }

    private async Task<string?> WalkBeersAsync(CancellationToken cancel)
    {
        for (var last = 0L; ;)
        {
            var path = $"/api/beers?order=asc&page_size=500&after_id={last}";
            var answers = await AskAsync(path, cancel);
            if (Difference(path, answers) is { } difference) return difference;
            var beers = JsonNode.Parse(answers[0])!["beers"]!.AsArray();
            if (beers.Count == 0) return null;
            last = (long)beers[^1]!["id"]!;
        }
    }

    private async Task<string?> CompareAsync(string path, Func<string, string> told, CancellationToken cancel) =>
        Difference(path, [.. (await AskAsync(path, cancel)).Select(told)]);

    private Task<string[]> AskAsync(string path, CancellationToken cancel) => Task.WhenAll(hubs.Select(http => http.GetStringAsync(path, cancel)));

    private static string? Difference(string what, string[] answers)
    {
        var other = Array.FindIndex(answers, answer => answer != answers[0]);
        return other < 0 ? null : $"{what}: hub 1 says {Short(answers[0])}, hub {other + 1} says {Short(answers[other])}";
    }

    private static string Short(string answer) => answer.Length > 400 ? answer[..400] + "…" : answer;
}
