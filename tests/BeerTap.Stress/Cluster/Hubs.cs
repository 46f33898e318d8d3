using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Cluster;

/// <summary>Several hubs on one log.</summary>
internal sealed class Hubs : IAsyncDisposable
{
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(60);

    /// <summary>A million pours from the log alone, on a slow machine.</summary>
    private static readonly TimeSpan Ready = TimeSpan.FromMinutes(10);

    private readonly List<HubProcess> _all = [];
    private readonly List<HttpClient> _clients = [];

    /// <summary>The stream that they share.</summary>
    public string Stream { get; } = $"stress-{Guid.NewGuid():N}";

    public IReadOnlyList<HubProcess> All => _all;

    public IReadOnlyList<Uri> Addresses => [.. _all.Select(hub => hub.Address)];

    /// <summary>Asks each, in their order.</summary>
    public IReadOnlyList<HttpClient> Clients => _clients;

    /// <summary>A hub that is not started yet.</summary>
    public HubProcess Add(string connectionString, Action<string>? said = null, string? folder = null, params string[] settings)
    {
        string[] log = ["--Log:Provider=RabbitMq", $"--Log:ConnectionString={connectionString}", $"--Log:Stream={Stream}", $"--Log:Hub=hub{_all.Count + 1}", .. settings];
        var hub = new HubProcess(log) { Said = said ?? (_ => { }), Patience = Ready, Folder = folder ?? Directory.CreateTempSubdirectory("beertap-test-").FullName };
        _all.Add(hub);
        _clients.Add(new HttpClient { BaseAddress = hub.Address });
        return hub;
    }

    /// <summary>So many hubs at once, started and ready.</summary>
    public async Task StartAsync(string connectionString, int count, params string[] settings)
    {
        for (var i = 0; i < count; i++) Add(connectionString, settings: settings);
        await Task.WhenAll(_all.Select(hub => hub.StartAsync()));
    }

    /// <summary>
    /// Waits until all have come to the same position, and checks that they hold the same: the log, the lists, the totals and the reports; and that the log
    /// is what the book says. Gives the position's number.
    /// </summary>
    public async Task<long> CheckSameAsync(PourBook book, Verdict verdict, CancellationToken cancel)
    {
        var positions = Array.Empty<string>();
        var took = await Until.IsSoAsync(
            async () => (positions = await Task.WhenAll(_clients.Select(http => PositionAsync(http, cancel)))).Distinct().Count() == 1,
            "all hubs have come to the same position",
            CatchUp,
            cancel);
        Verdict.Say($"all {_all.Count} hubs are at {positions[0]} after {took.TotalSeconds:0.0} s");
        var (head, fault) = await book.CompareAsync(_clients[0], cancel);
        verdict.Check(
            fault is null && head >= book.Acknowledged,
            $"{book.Count:N0} pours, {book.Acknowledged:N0} acknowledged, {head:N0} positions; each acknowledged once, none twice{(fault is null ? "" : ": " + fault)}");
        verdict.Check(book.Contradictions.IsEmpty, $"no pour was answered as two beers{string.Concat(book.Contradictions.Take(1))}");
        var difference = await new Likeness(_clients).FindDifferenceAsync(cancel);
        verdict.Check(difference is null, $"logs, lists, taps, totals and reports of {_all.Count} hubs are the same{(difference is null ? "" : ": " + difference)}");
        return head;
    }

    public static async Task<string> PositionAsync(HttpClient http, CancellationToken cancel) =>
        (string)JsonNode.Parse(await http.GetStringAsync("/api/events", cancel))!["position"]!;

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(http => http.Dispose());
        foreach (var hub in _all) await hub.DisposeAsync();
    }
}
