using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using BeerTap.Processes;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// The tap simulator pours into its spool while the hub is killed; then it is killed itself, in the middle of the outage, and started again
/// beside the hub.
/// </summary>
internal sealed class Spool : Scenario
{
    private readonly Option<int> _kills, _taps, _seed;

    public Spool()
        : base("spool", "what a client measured in an outage arrives exactly once, however often the client is killed")
    {
        _kills = Number("--kills", "How often the client is killed", 5);
        _taps = Number("--taps", "How many taps it plays", 8);
        _seed = Number("--seed", "Repeats the same moments; 0: any", 0);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var random = new Random(SeedOf(options, _seed));
        await using var hub = new HubProcess();
        var file = Path.Combine(hub.Folder, "taps.spool");
        var waited = new Dictionary<string, JsonObject>();
        string[] playing = [$"--taps={Text(options.Of(_taps))}", "--every=20ms", $"--spool={file}", "--quiet"];
        for (var kill = 0; kill < options.Of(_kills); kill++)
        {
            await hub.StartAsync();
            using var killing = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var client = ClientProcess.RunAsync(hub.Address, playing, killing.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(800, 2000)), TimeProvider.System, cancel);
            await hub.KillAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 1000)), TimeProvider.System, cancel);
            await killing.CancelAsync();
            await client.ContinueWith(static _ => { }, TaskScheduler.Default);
            foreach (var pour in Waiting(file)) waited[(string)pour["pourId"]!] = pour;
        }

        await hub.StartAsync();
        var (code, said) = await ClientProcess.RunAsync(hub.Address, [.. playing, "--count=1"], cancel);
        verdict.Check(code == 0 && said.Contains("waiting 0", StringComparison.Ordinal), $"the last client ended with {code}: {said.TrimEnd().Split('\n')[^1]}");

        // To send a pour again tells whether it is there: it is answered as a replay, or it would be new.
        using var http = new HttpClient { BaseAddress = hub.Address };
        var before = await TotalAsync(http, cancel);
        var replayed = 0;
        foreach (var pour in waited.Values)
        {
            using var body = new StringContent($$"""{"tapId":{{pour["tapId"]}},"volume":{{pour["volume"]}},"pourId":"{{pour["pourId"]}}"}""", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync("/api/beers", body, cancel);
            if (answer.StatusCode == HttpStatusCode.OK) replayed++;
        }

        verdict.Check(waited.Count > 0 && replayed == waited.Count, $"{replayed} of {waited.Count} pours that waited at a kill are there");
        verdict.Check(before == await TotalAsync(http, cancel), $"none of them twice ({before} beers)");
    }

    /// <summary>The pours in a spool that are not settled; its last line may be torn.</summary>
    private static List<JsonObject> Waiting(string file)
    {
        var waiting = new Dictionary<string, JsonObject>();
        foreach (var line in File.ReadAllText(file).Split('\n').Skip(1).SkipLast(1))
        {
            var record = JsonNode.Parse(line)!;
            if (record["pour"] is JsonObject pour) waiting[(string)pour["pourId"]!] = pour;
            else waiting.Remove((string)record["settled"]!);
        }

        return [.. waiting.Values];
    }

    private static async Task<long> TotalAsync(HttpClient http, CancellationToken cancel) =>
        (long)JsonNode.Parse(await http.GetStringAsync("/api/beers?page_size=1", cancel))!["total"]!;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
