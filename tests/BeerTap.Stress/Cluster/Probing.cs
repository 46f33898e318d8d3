using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Cluster;

/// <summary>Looks at hubs from outside while the log is well, and while it is not.</summary>
internal sealed class Probing(Hubs hubs, PourBook book)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>One post with a pour id to each hub, sent again until it is taken. Gives how long the slowest needed.</summary>
    public async Task<TimeSpan> UntilAllTakeAsync(string when, CancellationToken cancel) =>
        (await Task.WhenAll(hubs.Clients.Select(http => UntilTakenAsync(http, when, cancel)))).Max();

    /// <summary>A post with a pour id to each hub, once.</summary>
    public Task<PostAnswer[]> PostToEachAsync(CancellationToken cancel) => Task.WhenAll(hubs.Clients.Select(http => PostAsync(http, book.Next(), cancel)));

    /// <summary>Sends a pour of the book, and keeps in the book what comes of it.</summary>
    public async Task<PostAnswer> PostAsync(HttpClient http, int number, CancellationToken cancel)
    {
        var sent = Stopwatch.GetTimestamp();
        using var body = Pourers.Identified(number);
        using var answer = await http.PostAsync("/api/beers", body, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        long? id = null;
        if (answer.IsSuccessStatusCode)
        {
            id = (long)JsonNode.Parse(text)!["beer"]!["id"]!;
            book.Acknowledge(number, id.Value);
        }

        return new PostAnswer(number, answer.StatusCode, id, answer.Headers.RetryAfter is not null, text, Stopwatch.GetElapsedTime(sent));
    }

    /// <summary>Everything that can be read is, and the log is given from its beginning. The first answer that was none, or null.</summary>
    public async Task<string?> FindUnreadableAsync(CancellationToken cancel)
    {
        foreach (var http in hubs.Clients)
        {
            foreach (var path in new[] { "/api/beers", "/api/beers/1", "/api/taps", "/api/reports/share", "/api/reports/totals", "/api/events?after=earliest", "/health/live", "/health/ready" })
            {
                using var answer = await http.GetAsync(path, cancel);
                if (answer.StatusCode != HttpStatusCode.OK) return $"{http.BaseAddress}{path} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancel)}";
            }
        }

        return null;
    }

    /// <summary>Waits until each of these hubs says this of the log; ready or not is told of all that was seen on the way.</summary>
    public static async Task<(TimeSpan Took, int NotReady, string Reason)> UntilAllSayAsync(string status, IReadOnlyList<HttpClient> of, CancellationToken cancel)
    {
        var (notReady, reason) = (0, "");
        var took = await Until.IsSoAsync(
            async () =>
            {
                var said = await Task.WhenAll(of.Select(http => Readiness.AskAsync(http, cancel)));
                notReady += said.Count(readiness => readiness is not { IsReady: true });
                reason = said[0]?.Reason ?? "";
                return said.All(readiness => readiness?.Status == status);
            },
            $"the hubs say that the log is {status}",
            Patience,
            cancel);
        return (took, notReady, reason);
    }

    private async Task<TimeSpan> UntilTakenAsync(HttpClient http, string when, CancellationToken cancel)
    {
        var number = book.Next();
        return await Until.IsSoAsync(async () => (await PostAsync(http, number, cancel)).Id is not null, $"{http.BaseAddress} takes a pour again {when}", Patience, cancel);
    }
}

/// <summary>What came of a post.</summary>
/// <param name="Advised">Whether it said when to come back.</param>
internal sealed record PostAnswer(int Number, HttpStatusCode Status, long? Id, bool Advised, string Text, TimeSpan Took)
{
    /// <summary>It was refused honestly: the log did not take it in time, come back then.</summary>
    public bool IsUnavailable => Status == HttpStatusCode.ServiceUnavailable && Advised && Text.Contains("urn:beertap:problem:store-unavailable", StringComparison.Ordinal);

    public override string ToString() => $"{(int)Status} after {Took.TotalSeconds:0.0} s: {Text}";
}
