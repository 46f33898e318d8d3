using System.Collections.Concurrent;
using System.CommandLine;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;
using RabbitMQ.Client;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// Hubs are upgraded one after the other while taps pour and listeners listen, so that for a while two versions share the log. Then the log gets an
/// entry that this version does not know.
/// </summary>
internal sealed class ClusterUpgrade : Scenario
{
    private const int HubCount = 3;

    /// <summary>The hub's exit code for what a person must mend.</summary>
    private const int NotOfThisLog = 2;

    private const string Newer = """{"v":1000,"epoch":"of the future"}""";

    private static readonly TimeSpan BetweenHubs = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(30);

    private readonly Option<int> _brokers, _listeners, _rate;
    private readonly Option<string> _old;

    public ClusterUpgrade()
        : base("cluster-upgrade", "hubs are upgraded one by one without loss; one that is too old for the log stops and says so")
    {
        _brokers = Number("--brokers", "How many brokers keep the log: 1 or 3", 1);
        _listeners = Number("--listeners", "How many listen, over all transports in turn", 30);
        _rate = Number("--rate", "Pours a second", 60);
        _old = Words("--old", "The BeerTap.Server.dll of the version that is upgraded; none: this one, so that nothing but the restarts is tried");
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var brokers = await Brokers.StartAsync(options.Of(_brokers));
        await using var hubs = new Hubs();
        var said = new ConcurrentQueue<string>();
        for (var i = 0; i < HubCount; i++) hubs.Add(brokers.ConnectionString, said.Enqueue);
        var old = options.Of(_old);
        Verdict.Say(old.Length > 0 ? $"from {old}" : "from this version to itself");
        foreach (var hub in hubs.All) hub.Program = old.Length > 0 ? Path.GetFullPath(old) : hub.Program;
        await Task.WhenAll(hubs.All.Select(hub => hub.StartAsync()));

        await using var balancer = await Balancer.StartAsync(hubs.Addresses, cancel);
        var book = new PourBook { Chronicle = new Chronicle() };
        await using var listeners = Listeners.Mixed(balancer.Address, options.Of(_listeners), book);
        listeners.All.ForEach(listener => listener.ComesBack = true);
        await listeners.ConnectAsync(() => null, cancel);
        await using var pourers = new Pourers(balancer.Address, book);
        pourers.Start(options.Of(_rate));
        foreach (var hub in hubs.All)
        {
            await Task.Delay(BetweenHubs, TimeProvider.System, cancel);
            var code = await hub.StopAsync();
            var before = book.Acknowledged;
            hub.Program = HubProcess.ThisBuild;
            await hub.StartAsync();
            await Until.IsSoAsync(() => Task.FromResult(book.Acknowledged > before), "taps pour on", Patience, cancel);
            verdict.Check(code == 0, $"a hub ended with {code}, and is ready as this version");
        }

        await Task.Delay(BetweenHubs, TimeProvider.System, cancel);
        await pourers.StopAsync(cancel);
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        var head = await hubs.CheckSameAsync(book, verdict, cancel);
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
        await CheckNewerAsync(brokers, hubs, said, verdict, cancel);
    }

    private static async Task CheckNewerAsync(Brokers brokers, Hubs hubs, ConcurrentQueue<string> said, Verdict verdict, CancellationToken cancel)
    {
        said.Clear();
        var ends = hubs.All.Select(hub => hub.EndedAsync()).ToList();
        await AppendAsync(brokers.Addresses[0], hubs.Stream, Newer, cancel);
        var codes = await Task.WhenAll(ends).WaitAsync(Patience, cancel);
        var words = said.Where(line => line.Contains("written by a newer BeerTap", StringComparison.Ordinal)).ToList();
        verdict.Check(
            codes.All(code => code == NotOfThisLog) && words.Count == hubs.All.Count,
            $"an entry of a newer version ends hubs with {string.Join(", ", codes)}; they say: {words.FirstOrDefault() ?? "nothing"}");

        said.Clear();
        var again = await ExitCodeAsync(hubs.All[0]);
        verdict.Check(again == NotOfThisLog && !said.IsEmpty, $"started again, such a hub ends with {again}: {said.FirstOrDefault(line => line.Length > 0) ?? "without a word"}");
    }

    private static async Task<int> ExitCodeAsync(HubProcess hub)
    {
        try
        {
            // It may be ready for a moment, before it comes to that entry.
            await hub.StartAsync();
            return await hub.EndedAsync().WaitAsync(Patience);
        }
        catch (HubEndedException ended)
        {
            return ended.Code;
        }
    }

    private static async Task AppendAsync(Uri broker, string stream, string entry, CancellationToken cancel)
    {
        await using var connection = await new ConnectionFactory { Uri = broker }.CreateConnectionAsync(cancel);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancel);
        await channel.BasicPublishAsync("", stream, mandatory: true, System.Text.Encoding.UTF8.GetBytes(entry), cancel);
    }
}
