using System.Text.Json.Nodes;

namespace BeerTap.Stress.Cluster;

/// <summary>What a hub says of the log in <c>/health/ready</c>.</summary>
/// <param name="Status">The check's own: <c>ok</c>, <c>degraded</c>, <c>failed</c>.</param>
internal sealed record Readiness(bool IsReady, string Status, string Reason)
{
    /// <summary>Null while nobody answers.</summary>
    public static async Task<Readiness?> AskAsync(HttpClient http, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync("/health/ready", cancel);
            var log = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancel))!["checks"]?["log"];
            return new Readiness(answer.IsSuccessStatusCode, (string?)log?["status"] ?? "", (string?)log?["reason"] ?? "");
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
