using System.CommandLine;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>A busy evening: many listeners, many pours, for as long as one likes.</summary>
internal sealed class Steady : Scenario
{
    private readonly Option<int> _listeners, _rate, _seconds;

    public Steady()
        : base("steady", "under a steady load nothing is lost, memory is flat and heartbeats are punctual")
    {
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 2000);
        _rate = Number("--rate", "Pours a second", 200);
        _seconds = Number("--seconds", "For how long", 36);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var hub = new HubProcess("--Live:Ping=00:00:05");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var book = new PourBook();
        await using var listeners = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        await listeners.ConnectAsync(() => null, cancel);
        await using var pourers = new Pourers(hub.Address, book);

        // Half as long before, to warm up; memory is compared from then on.
        pourers.Start(options.Of(_rate));
        await Memory.WatchAsync(hub, TimeSpan.FromSeconds(options.Of(_seconds) / 4.0), cancel);
        (book.Heard, book.Answers) = (new(), new());
        var health = new Latencies();
        using var probing = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var probe = Probe.RunAsync(http, "/health/live", health, probing.Token);
        var memory = await Memory.WatchAsync(hub, TimeSpan.FromSeconds(options.Of(_seconds)), cancel);
        await probing.CancelAsync();
        await probe;
        await pourers.StopAsync(cancel);

        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once{(fault is null ? "" : ": " + fault)}");
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused ({pourers.Repeated} sent again)");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
        verdict.Check(memory.IsFlat, $"memory is flat: {memory}");
        var beats = listeners.All.Where(listener => listener.LongestHeartbeat > TimeSpan.Zero).Select(listener => listener.LongestHeartbeat.TotalSeconds).ToList();
        verdict.Check(beats.Count > 0 && beats.Max() < 7.5, $"heartbeats every 5 s came at most {beats.DefaultIfEmpty(double.NaN).Max():0.0} s apart ({beats.Count} WebSockets)");
        verdict.Check(health.Percentile(1) < 2000, $"/health/live answered in {health}");
        Verdict.Say($"a post was answered in {book.Answers}");
        Verdict.Say($"a pour was heard after {book.Heard}");
    }
}
