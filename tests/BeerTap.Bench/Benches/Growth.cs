using System.Diagnostics;
using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>What costs more once there is more: beers, taps, listeners.</summary>
internal sealed class Growth() : Bench("growth", "cost of calls, start-up, disk and reports as beers, taps and listeners grow")
{
    private const int Posters = 4, FillBatch = 500, Calls = 300, SlowCalls = 10, Restarts = 3, ManyTaps = 10_000;
    private const string Beers = "/api/beers", Batches = "/api/beers/batch", Share = "/api/reports/share";

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        await GrowBeersAsync(plan, board, cancel);
        await GrowIdsAsync(plan, board, cancel);
        await GrowTapsAsync(board, cancel);
        if (!plan.Quick) await GrowListenersAsync(plan, board, cancel);
    }

    private async Task GrowBeersAsync(Plan plan, Board board, CancellationToken cancel)
    {
        await using var hub = new Hub();
        await hub.StartAsync(cancel);
        var (all, stored) = (new List<Dictionary<string, double>>(), 0L);
        foreach (var size in plan.Beers.Order())
        {
            Fill(hub, size - stored, withIds: false);
            await hub.StopAsync();
            board.Add(new Figure(Name, $"{size:N0} beers: on disk for each", [(double)BytesOf(hub.Folder) / size], "bytes", Target.Most(60)));
            board.Add(new Figure(Name, $"{size:N0} beers: start-up until ready", await RestartAsync(hub, cancel), "s", Target.Most(1)));
            using var probe = new Probe(hub.Port);
            var answer = probe.Ask(Probe.Get($"{Beers}?page_size=1")).Body;
            board.Check(answer.Contains($"\"total\":{size}", StringComparison.Ordinal), $"{Name}: {size:N0} beers are there after a restart: {answer[^Math.Min(answer.Length, 80)..]}");
            all.Add(Time(probe, size));
            foreach (var (call, milliseconds) in all[^1]) board.Add(new Figure(Name, $"{size:N0} beers: {call}, p50", [milliseconds], "ms") { IsDetail = true });

            // The posts that were timed.
            stored = size + Calls + Calls / 2;
        }

        foreach (var call in all[0].Keys)
        {
            var free = call.Contains("by number", StringComparison.Ordinal);
            board.Compare(Name, $"{call}, most beers to fewest", [all[^1][call]], [all[0][call]], free ? null : Target.Most(1.3));
        }
    }

    /// <summary>Starts a hub that was stopped, a few times.</summary>
    private static async Task<double[]> RestartAsync(Hub hub, CancellationToken cancel)
    {
        var seconds = new double[Restarts];
        for (var start = 0; start < Restarts; start++)
        {
            if (start > 0) await hub.StopAsync();
            var began = Stopwatch.GetTimestamp();
            await hub.StartAsync(cancel);
            seconds[start] = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        return seconds;
    }

    private static Dictionary<string, double> Time(Probe probe, long size)
    {
        var last = size - 50;
        return new Dictionary<string, double>
        {
            ["get of a beer"] = probe.Time(Calls, i => Probe.Get($"{Beers}/{1 + (i + Calls) * 7919L % size}")),
            ["first page"] = probe.Time(Calls, _ => Probe.Get($"{Beers}?page_size=50")),
            ["last page by key"] = probe.Time(Calls, _ => Probe.Get($"{Beers}?page_size=50&after_id={last}")),
            ["last page by number"] = probe.Time(SlowCalls, _ => Probe.Get($"{Beers}?page_size=50&page={size / 50}")),
            ["share report"] = probe.Time(Calls, _ => Probe.Get(Share)),
            ["post"] = probe.Time(Calls, _ => $$"""POST {{Beers}} {"tapId":1,"volume":330.5}"""),
        };
    }

    private async Task GrowIdsAsync(Plan plan, Board board, CancellationToken cancel)
    {
        await using var hub = new Hub();
        await hub.StartAsync(cancel);
        var size = plan.Beers.Order().ElementAt(Math.Min(1, plan.Beers.Length - 1));
        Fill(hub, size, withIds: true);
        await hub.StopAsync();
        board.Add(new Figure(Name, $"{size:N0} beers with a pourId of 32 characters: on disk for each", [(double)BytesOf(hub.Folder) / size], "bytes", Target.Most(120)));
    }

    private async Task GrowTapsAsync(Board board, CancellationToken cancel)
    {
        await using var hub = new Hub();
        await hub.StartAsync(cancel);
        foreach (var taps in new[] { 1, 100, ManyTaps })
        {
            using var load = new Generator(hub);
            load.AddPosters(1, new PourRequest(Batches, hub.Port, FillBatch, taps));
            load.Fill(taps * 2L / FillBatch * FillBatch + FillBatch);
            using var probe = new Probe(hub.Port);
            board.Add(new Figure(Name, $"{taps:N0} taps: share report", [probe.BodyBytes(Share)], "bytes") { IsDetail = true });
            board.Add(new Figure(Name, $"{taps:N0} taps: share report, p50", [probe.Time(Calls, _ => Probe.Get(Share))], "ms"));
        }
    }

    /// <summary>The processor time of a delivery, its part of the post and the commit included.</summary>
    private async Task GrowListenersAsync(Plan plan, Board board, CancellationToken cancel)
    {
        foreach (var (listeners, perSecond) in new[] { (10, 1000), (100, 1000), (1000, 200), (Plan.ManyListeners, 20) })
        {
            if (listeners > Plan.Listeners && !Machine.HasSockets) continue;
            await using var hub = new Hub();
            await hub.StartAsync(cancel);
            using var load = new Generator(hub);
            load.Listen(listeners, Hub.WebSocket);
            load.AddPosters(Plan.Posters, new PourRequest(Beers, hub.Port));
            var outcome = load.Run(new Pace(perSecond, plan.WarmUp, plan.Time));
            board.Saw(outcome);
            board.Check(outcome.Fault is null && outcome.SameOrder, $"{Name}: {listeners:N0} listeners each heard all {outcome.Book.Acknowledged:N0} pours once, in one order {outcome.Fault}".TrimEnd());
            board.Add(new Figure(Name, FormattableString.Invariant($"{listeners:N0} listeners at {perSecond}/s: a delivery, with its part of the post"), [1e6 / outcome.DeliveriesPerCore], "us of core"));
        }
    }

    private static void Fill(Hub hub, long pours, bool withIds)
    {
        // Whole batches, and the rest one by one.
        using var load = new Generator(hub);
        load.AddPosters(Posters, new PourRequest(Batches, hub.Port, FillBatch, withIds: withIds));
        load.Fill(pours / FillBatch * FillBatch);
        if (pours % FillBatch == 0) return;
        using var rest = new Generator(hub);
        rest.AddPosters(1, new PourRequest(Beers, hub.Port, withIds: withIds));
        rest.Fill(pours % FillBatch);
    }

    private static long BytesOf(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
