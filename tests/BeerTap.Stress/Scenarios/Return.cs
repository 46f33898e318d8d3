using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using BeerTap.Processes;

namespace BeerTap.Stress.Scenarios;

/// <summary>The tap simulator, over each of its feeds, while its hub stops and starts again.</summary>
internal sealed class Return : Scenario
{
    /// <summary>A multiple of what the hub is away for: whose time comes meanwhile is back soon after it is there.</summary>
    private const int SpreadMs = 8000;

    /// <summary>The grain in which a stampede would show.</summary>
    private const int StepMs = 250;

    private static readonly string[] Feeds = ["signalr", "websocket", "sse"];

    private readonly Option<int> _taps, _count;

    public Return()
        : base("return", "the client program comes back to a restarted hub without a stampede, and misses and doubles nothing")
    {
        _taps = Number("--taps", "How many taps, each with a feed of its own, on each kind of feed", 100);
        _count = Number("--count", "Pours of each tap, one a second", 17);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var (taps, count) = (options.Of(_taps), options.Of(_count));
        var all = taps * Feeds.Length;
        var connected = new ConcurrentQueue<long>();
        await using var hub = new HubProcess($"--Live:DrainSpread={TimeSpan.FromMilliseconds(SpreadMs)}", "--Logging:Level=Information")
        {
            Said = line =>
            {
                if (line.Contains(" connected over ", StringComparison.Ordinal)) connected.Enqueue(Stopwatch.GetTimestamp());
            },
        };
        await hub.StartAsync();
        var clients = Feeds.Select((feed, i) => ClientProcess.RunAsync(
            hub.Address,
            [$"--feed={feed}", $"--tap={Text(1 + i * taps)}", $"--taps={Text(taps)}", $"--count={Text(count)}", "--every=1s", "--after=earliest", "--quiet"],
            cancel)).ToList();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (connected.Count < all) await poll.WaitForNextTickAsync(patience.Token);

        // They pour for a while; the hub stops in the middle of it.
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, cancel);
        var stopping = Stopwatch.GetTimestamp();
        var code = await hub.StopAsync();
        verdict.Check(code == 0, $"the hub ended with {code}");
        connected.Clear();
        await hub.StartAsync();
        var ends = await Task.WhenAll(clients);

        foreach (var (end, said) in ends)
        {
            var summary = said.TrimEnd().Split('\n')[^1];
            verdict.Check(end == 0 && summary.Contains("duplicates 0, gaps: 0", StringComparison.Ordinal), $"a client ended with {end}: {summary}");
        }

        using var http = new HttpClient { BaseAddress = hub.Address };
        var total = (long)JsonNode.Parse(await http.GetStringAsync("/api/beers?page_size=1", cancel))!["total"]!;
        verdict.Check(total == all * count, $"the hub holds {total} beers of {all} taps that poured {count} each");

        // Counted from the first that is back: the hub takes connections before it is found to be ready.
        var first = connected.Min();
        var steps = connected.GroupBy(at => (int)(Stopwatch.GetElapsedTime(first, at).TotalMilliseconds / StepMs)).ToDictionary(step => step.Key, step => step.Count());
        Verdict.Say($"connections in each {StepMs} ms: {string.Join(' ', Enumerable.Range(0, steps.Keys.Max() + 1).Select(step => steps.GetValueOrDefault(step)))}");
        var away = Stopwatch.GetElapsedTime(stopping, first).TotalMilliseconds;
        var most = MostIn(away + StepMs, all);
        verdict.Check(
            steps.Values.Max() <= most,
            $"{steps.Values.Sum()} connections came back, at most {steps.Values.Max()} of them within {StepMs} ms; {most} may, the hub having been away for {away / 1_000:0.0} s of the {SpreadMs / 1_000} that they were spread over");
    }

    /// <summary>Of so many that were spread evenly as many as come in a time, and four times the deviation that chance allows; two thirds are too many in any case.</summary>
    private static int MostIn(double milliseconds, int all)
    {
        var share = Math.Min(1, milliseconds / SpreadMs);
        return Math.Min(all * 2 / 3, (int)Math.Ceiling((all * share) + (4 * Math.Sqrt(all * share * (1 - share)))));
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
