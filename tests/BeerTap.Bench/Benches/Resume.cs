using System.Diagnostics;
using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>One that was away comes back, far behind, again and again; the others should not notice.</summary>
internal sealed class Resume() : Bench("resume", "a listener 100,000 events behind catches up, while 200 others listen to 200 pours a second")
{
    private const int Behind = 100_000, Others = 200, PerSecond = 200, Posters = 16, FillPosters = 1, FillBatch = 500;

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        foreach (var (feed, target) in new[] { (Hub.WebSocket, Target.Least(500_000)), (Hub.SignalR, null) })
        {
            if (plan.Quick && feed != Hub.WebSocket) continue;
            var (speeds, without, with) = (new List<double>(), new List<double>(), new List<double>());
            for (var run = 1; run <= plan.Runs; run++)
            {
                await using var hub = new Hub();
                await hub.StartAsync(cancel);
                var order = Fill(hub);
                var pace = new Pace(PerSecond, plan.WarmUp, plan.Time);
                var quiet = Measure(hub, feed, pace, null);
                var returns = new Returns(feed, Behind, order);
                var busy = Measure(hub, feed, pace, returns);
                board.Saw(quiet);
                board.Saw(busy);
                var fault = quiet.Fault ?? busy.Fault ?? returns.Fault;
                board.Check(fault is null && returns.Times.Count > 0, $"{Name}, run {run}, {feed.Name}: {returns.Times.Count} listeners came back, each heard {Behind:N0} pours once and in order; {Others} others missed nothing{(fault is null ? "" : ": " + fault)}");
                Console.WriteLine($"   without {quiet}");
                Console.WriteLine($"   meanwhile {busy}");
                if (returns.Times.Count == 0) continue;
                speeds.Add(Behind / returns.Times.Order().ElementAt(returns.Times.Count / 2));
                without.Add(quiet.Book.Heard.Percentile(0.99));
                with.Add(busy.Book.Heard.Percentile(0.99));
            }

            board.Add(new Figure(Name, $"{feed.Name}, one catches up", [.. speeds], "events/s", target));
            board.Add(new Figure(Name, $"{feed.Name}, p99 of the others without", [.. without], "ms"));
            board.Add(new Figure(Name, $"{feed.Name}, p99 of the others meanwhile", [.. with], "ms"));
            board.Compare(Name, $"{feed.Name}, p99 of the others, meanwhile to without", [.. with], [.. without], Target.Most(1.5));
        }
    }

    /// <summary>Fills the log through one connection, so that the order is known.</summary>
    private static ulong Fill(Hub hub)
    {
        using var load = new Generator(hub);
        load.AddPosters(FillPosters, new PourRequest("/api/beers/batch", hub.Port, FillBatch));
        load.Fill(Behind);
        return Enumerable.Range(0, Behind).Aggregate(0ul, Listener.Follow);
    }

    private static Outcome Measure(Hub hub, Feed feed, Pace pace, Returns? returns)
    {
        using var load = new Generator(hub);
        load.Listen(Others, feed);
        load.AddPosters(Posters, new PourRequest(hub.PostPath, hub.Port));
        return load.Run(pace, returns is null ? null : () => returns.Look(load));
    }

    /// <summary>Opens the next listener once the one before has caught up.</summary>
    private sealed class Returns(Feed feed, int behind, ulong order)
    {
        private Listener? _listener;
        private long _began;

        /// <summary>How long each took, in seconds.</summary>
        public List<double> Times { get; } = [];

        public string? Fault { get; private set; }

        public void Look(Generator load)
        {
            if (_listener is null)
            {
                _began = Stopwatch.GetTimestamp();
                _listener = load.Open(feed, "?after=earliest", behind);
                return;
            }

            Fault ??= _listener.Fault;
            if (_listener.Count < behind) return;
            Times.Add(Stopwatch.GetElapsedTime(_began).TotalSeconds);
            if (_listener.Order != order) Fault ??= "one that came back heard other pours, or in another order";
            _listener.Dispose();
            _listener = null;
        }
    }
}
