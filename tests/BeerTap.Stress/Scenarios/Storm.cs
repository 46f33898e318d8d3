using System.CommandLine;
using System.Diagnostics;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>The hub is killed under many listeners that stand at different positions; it comes back, and so do all of them at once, while pours flow.</summary>
internal sealed class Storm : Scenario
{
    private readonly Option<int> _listeners, _rate, _kills, _log, _seed;

    public Storm()
        : base("storm", "listeners that all come back at once, from different positions, miss nothing and hear nothing twice")
    {
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 2000);
        _rate = Number("--rate", "Pours a second", 100);
        _kills = Number("--kills", "How often the hub is killed", 2);
        _log = Number("--log", "How long the log is before: the listeners begin anywhere in it", 5000);
        _seed = Number("--seed", "Repeats the same positions and moments; 0: any", 0);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var random = new Random(SeedOf(options, _seed));
        await using var hub = new HubProcess("--Live:RingEvents=1024");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book);
        await pourers.FillAsync(options.Of(_log), cancel);
        var epoch = (await EpochAsync(http, cancel)).Split('-')[0];
        await using var listeners = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        listeners.All.ForEach(listener => listener.ComesBack = true);
        await listeners.ConnectAsync(() => $"{epoch}-{random.Next(options.Of(_log) + 1)}", cancel);
        pourers.Start(options.Of(_rate));

        for (var kill = 1; kill <= options.Of(_kills); kill++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500, 3000)), TimeProvider.System, cancel);
            await hub.KillAsync();
            var killed = Stopwatch.GetTimestamp();
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(100, 500)), TimeProvider.System, cancel);
            await hub.StartAsync();
            var started = Stopwatch.GetTimestamp();
            var back = await Listeners.UntilAsync(listeners.All, listener => listener.WelcomedAt > killed, TimeSpan.FromSeconds(60), cancel);
            verdict.Check(back == listeners.All.Count, $"kill {kill}: {back} of {listeners.All.Count} listeners were back {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s after the start");
            var head = book.Count;
            var there = await Listeners.UntilAsync(listeners.All, listener => listener.Heard.Seq >= head || listener.Heard.Fault is not null, TimeSpan.FromSeconds(60), cancel);
            Verdict.Say($"{there} had caught up to position number {head} {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s after the start");
        }

        await pourers.StopAsync(cancel);
        var (last, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && last == book.Count, $"{book.Count:N0} pours acknowledged, {last:N0} stored, each once ({pourers.Repeated} were sent again){(fault is null ? "" : ": " + fault)}");
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        await listeners.CheckHeardAllAsync(last, verdict, cancel);
    }

    private static async Task<string> EpochAsync(HttpClient http, CancellationToken cancel) =>
        (string)System.Text.Json.Nodes.JsonNode.Parse(await http.GetStringAsync("/api/reports/share", cancel))!["position"]!;
}
