using System.CommandLine;
using System.Diagnostics;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>Hubs are killed at random, one or two at once, while taps pour and listeners listen through a load balancer.</summary>
internal sealed class ClusterKill : Scenario
{
    private const int HubCount = 3;

    /// <summary>One in so many times a second hub dies with the first.</summary>
    private const int BothEvery = 5;

    private readonly Option<int> _brokers, _listeners, _rate, _kills, _seed;

    public ClusterKill()
        : base("cluster-kill", "a hub may be killed at any moment: nothing acknowledged is lost, nothing is there twice, listeners go on at another hub without a gap")
    {
        _brokers = Number("--brokers", "How many brokers keep the log: 1 or 3", 1);
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 90);
        _rate = Number("--rate", "Pours a second", 60);
        _kills = Number("--kills", "How many hubs are killed", 20);
        _seed = Number("--seed", "Repeats the same choices; 0: any", 0);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var random = new Random(SeedOf(options, _seed));
        await using var brokers = await Brokers.StartAsync(options.Of(_brokers));
        await using var hubs = new Hubs();

        // A small ring, so that some who come back are served from the store.
        await hubs.StartAsync(brokers.ConnectionString, HubCount, "--Live:RingEvents=256");
        await using var balancer = await Balancer.StartAsync(hubs.Addresses, cancel);
        var book = new PourBook { Chronicle = new Chronicle() };
        await using var listeners = Listeners.Mixed(balancer.Address, options.Of(_listeners), book);
        listeners.All.ForEach(listener => listener.ComesBack = true);
        await listeners.ConnectAsync(() => null, cancel);
        await using var pourers = new Pourers(balancer.Address, book, bareEvery: 4);
        pourers.Start(options.Of(_rate));

        var (moved, longest) = (0, TimeSpan.Zero);
        for (var killed = 0; killed < options.Of(_kills);)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(200, 1200)), TimeProvider.System, cancel);
            var first = random.Next(HubCount);
            List<int> dying = random.Next(BothEvery) == 0 ? [first, (first + random.Next(1, HubCount)) % HubCount] : [first];
            var at = Stopwatch.GetTimestamp();
            await Task.WhenAll(dying.Select(hub => hubs.All[hub].KillAsync()));
            killed += dying.Count;
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(500)), TimeProvider.System, cancel);

            // Ready means that it has caught up.
            await Task.WhenAll(dying.Select(hub => hubs.All[hub].StartAsync()));
            var there = book.Acknowledged;
            var connected = await Listeners.UntilAsync(listeners.All, listener => listener.WelcomedAt > listener.LostAt || listener.Heard.Fault is not null, TimeSpan.FromSeconds(30), cancel);
            foreach (var listener in listeners.All.Where(listener => listener.LostAt > at && listener.WelcomedAt > listener.LostAt))
            {
                moved++;
                var away = Stopwatch.GetElapsedTime(listener.LostAt, listener.WelcomedAt);
                if (away > longest) longest = away;
            }

            if (connected < listeners.All.Count) verdict.Check(false, $"after {killed} kills {connected} of {listeners.All.Count} listeners are connected");
            if (killed % 20 < dying.Count) Verdict.Say($"{killed} kills, {there:N0} pours acknowledged");
        }

        await pourers.StopAsync(cancel);
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        verdict.Check(moved > 0, $"{moved:N0} times a listener lost its hub and went on at another; the longest was away for {longest.TotalSeconds:0.0} s");
        Verdict.Say($"{pourers.Repeated} posts had to be sent again, {book.Count - book.Acknowledged} without a pour id were left in doubt");
        var head = await hubs.CheckSameAsync(book, verdict, cancel);
        foreach (var hub in hubs.All)
        {
            var code = await hub.StopAsync();
            await hub.StartAsync();
            verdict.Check(code == 0, $"a hub that was stopped in order ended with {code}, and is ready again");
        }

        verdict.Check(await hubs.CheckSameAsync(book, verdict, cancel) == head, "after that, all stand where they stood");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
    }
}
