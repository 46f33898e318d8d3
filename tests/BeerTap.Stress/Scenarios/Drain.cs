using System.CommandLine;
using System.Diagnostics;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>SIGTERM under many listeners and with posts in flight; then the hub starts again on the same port.</summary>
internal sealed class Drain : Scenario
{
    private const int SpreadMs = 4000, DrainTimeoutMs = 5000;

    /// <summary>What the host may take to stop its web server after the drain.</summary>
    private const int StopMs = 5000;

    private readonly Option<int> _listeners, _rate;

    public Drain()
        : base("drain", "a hub that stops tells every listener when to come back, loses no pour, and ends in time")
    {
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 2000);
        _rate = Number("--rate", "Pours a second", 200);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var hub = new HubProcess($"--Live:DrainSpread={TimeSpan.FromMilliseconds(SpreadMs)}", $"--Live:DrainTimeout={TimeSpan.FromMilliseconds(DrainTimeoutMs)}");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book);
        await using var listeners = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        listeners.All.ForEach(listener => listener.ComesBack = true);
        await listeners.ConnectAsync(() => null, cancel);
        pourers.Start(options.Of(_rate));
        await Memory.WatchAsync(hub, TimeSpan.FromSeconds(2), cancel);

        var advice = new int?[listeners.All.Count];
        var asked = Stopwatch.GetTimestamp();
        var ending = hub.StopAsync();
        var ready = ReadyAsync(http, ending, cancel);
        await Listeners.UntilAsync(listeners.All, listener => listener.LostAt > asked, TimeSpan.FromSeconds(30), cancel);
        for (var i = 0; i < advice.Length; i++) advice[i] = listeners.All[i].LastAdvice;
        var code = await ending;
        var took = Stopwatch.GetElapsedTime(asked);
        verdict.Check(code == 0 && took < TimeSpan.FromMilliseconds(DrainTimeoutMs + StopMs), $"the hub ended with {code} after {took.TotalSeconds:0.0} s");
        var (asReady, asNotReady) = await ready;
        verdict.Check(asReady == 0, $"once SIGTERM was sent, /health/ready said ready {asReady} times and not ready {asNotReady} times");
        CheckSpread([.. advice.OfType<int>()], advice.Length, verdict);

        await hub.StartAsync();
        var started = Stopwatch.GetTimestamp();
        var back = await Listeners.UntilAsync(listeners.All, listener => listener.WelcomedAt > asked, TimeSpan.FromSeconds(60), cancel);
        verdict.Check(back == listeners.All.Count, $"{back} of {listeners.All.Count} listeners were back {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s after the start");
        await Memory.WatchAsync(hub, TimeSpan.FromSeconds(2), cancel);
        await pourers.StopAsync(cancel);
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once ({pourers.Repeated} were sent again){(fault is null ? "" : ": " + fault)}");
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
    }

    /// <summary>Asks again and again whether the hub is ready, until it has ended; a hub that no longer answers is not.</summary>
    private static async Task<(int Ready, int NotReady)> ReadyAsync(HttpClient http, Task ending, CancellationToken cancel)
    {
        var (ready, not) = (0, 0);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await poll.WaitForNextTickAsync(cancel) && !ending.IsCompleted)
        {
            try
            {
                using var answer = await http.GetAsync("/health/ready", cancel);
                if (answer.IsSuccessStatusCode) ready++;
                else not++;
            }
            catch (HttpRequestException)
            {
                not++;
            }
        }

        return (ready, not);
    }

    /// <summary>Each was told, and a quarter of the time holds about a quarter of them.</summary>
    private static void CheckSpread(List<int> advice, int listeners, Verdict verdict)
    {
        verdict.Check(advice.Count == listeners, $"{advice.Count} of {listeners} listeners were told when to come back");
        var quarters = advice.GroupBy(delay => Math.Min(3, delay * 4 / SpreadMs)).OrderBy(group => group.Key).Select(group => group.Count()).ToList();
        verdict.Check(
            quarters.Count == 4 && quarters.All(count => Math.Abs(count - advice.Count / 4.0) < 6 * Math.Sqrt(advice.Count * 3 / 16.0)),
            $"spread over {SpreadMs} ms: {string.Join(", ", quarters)} in each quarter of it");
    }
}
