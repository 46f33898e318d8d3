using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace BeerTap.Stress.Cluster;

/// <summary>Keys over REST.</summary>
internal static class KeyRequests
{
    public static async Task<(string Id, string Text)> MakeViewerAsync(HttpClient http, CancellationToken cancel)
    {
        using var wish = new StringContent("""{"role":"viewer"}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync("/api/keys", wish, cancel);
        var made = JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancel))!;
        return ((string)made["key"]!["id"]!, (string)made["text"]!);
    }

    public static async Task RevokeAsync(HttpClient http, string id, CancellationToken cancel)
    {
        using var answer = await http.DeleteAsync($"/api/keys/{id}", cancel);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Whether the hub takes the key that the client brings: one that it does not know is refused everywhere.</summary>
    public static async Task<bool> IsGoodAsync(HttpClient http, CancellationToken cancel)
    {
        using var answer = await http.GetAsync("/api/beers/1", cancel);
        return answer.StatusCode != HttpStatusCode.Unauthorized;
    }
}
