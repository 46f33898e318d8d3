using System.CommandLine;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>Brokers are killed, stopped and cut off, one and two of three; then one hub is cut off from all of them. Pours and listeners go on throughout.</summary>
internal sealed class ClusterBrokers : Scenario
{
    private const int HubCount = 3, BrokerCount = 3;

    /// <summary>The newcomers of an outage: one on each transport at each hub.</summary>
    private const int Newcomers = HubCount * 3;

    /// <summary>Shorter than the brokers take to notice: what is stopped for longer does not know that it was away.</summary>
    private static readonly TimeSpan Stopped = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The brokers take up to 10 s to notice that one is silent and to agree on another, and may ask it in vain for 7 s or 14 before they let a hub read; a hub may first ask the
    /// silent one itself. 43 s was the longest seen.
    /// </summary>
    private static readonly TimeSpan GoesOn = TimeSpan.FromSeconds(60);

    private readonly Option<int> _listeners, _rate, _rounds, _held, _seed;

    public ClusterBrokers()
        : base("cluster-brokers", "one broker of three may fail unnoticed; without two, pours are refused honestly, listening and reading go on, and all recovers by itself")
    {
        _listeners = Number("--listeners", "How many listen, over all hubs and transports in turn", 45);
        _rate = Number("--rate", "Pours a second, over all hubs", 30);
        _rounds = Number("--rounds", "How often each thing is broken", 1);
        _held = Number("--held", "How many posts a hub holds when it is cut off", 30);
        _seed = Number("--seed", "Repeats the same choices; 0: any", 0);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var random = new Random(SeedOf(options, _seed));
        await using var brokers = await Brokers.StartAsync(BrokerCount, networks: Brokers.CanBeCut);
        Verdict.Say($"RabbitMQ {await brokers.VersionAsync()} with {(await brokers.HaveKhepriAsync() ? "Khepri" : "Mnesia")}{(Brokers.CanBeCut ? "" : "; brokers are killed but not cut off: that needs root and nft")}");

        // The last hub's lines can be cut.
        await using var cables = new Cables(brokers.Addresses);
        await using var hubs = new Hubs();
        for (var i = 0; i < HubCount; i++) hubs.Add(i == HubCount - 1 ? cables.ConnectionString : brokers.ConnectionString);
        await Task.WhenAll(hubs.All.Select(hub => hub.StartAsync()));
        var book = new PourBook { Chronicle = new Chronicle() };
        await using var listeners = Listeners.Mixed(hubs.Addresses, options.Of(_listeners), book);
        await listeners.ConnectAsync(() => null, cancel);
        await using var pourers = new HubPourers(hubs.Addresses, book, bareEvery: 4);
        pourers.Start(options.Of(_rate));
        var probing = new Probing(hubs, book);
        await using var newcomers = new Gathering();

        for (var round = 0; round < options.Of(_rounds); round++)
        {
            var all = Enumerable.Range(1, BrokerCount).ToArray();
            random.Shuffle(all);
            await OneAsync("killed", () => brokers.KillAsync(all[0]), () => brokers.RestartAsync(all[0]));
            await OneAsync("stopped", () => brokers.PauseAsync(all[1]), () => brokers.ResumeAsync(all[1]), Stopped);
            if (Brokers.CanBeCut) await OneAsync("cut off", () => brokers.CutAsync(all[2]), () => brokers.HealAsync(all[2]), noticed: () => brokers.UntilNoticedAsync(all[2], cancel));
            await TwoAsync("killed", () => brokers.KillAsync(all[0], all[1]), () => brokers.RestartAsync(all[0], all[1]));
            if (Brokers.CanBeCut) await TwoAsync("cut off", () => brokers.CutAsync(all[1], all[2]), () => brokers.HealAsync(all[1], all[2]), () => Task.WhenAll(brokers.UntilNoticedAsync(all[1], cancel), brokers.UntilNoticedAsync(all[2], cancel)));
            await new HubCutOff(hubs, cables, probing, book).RunAsync(options.Of(_held), verdict, cancel);
        }

        await pourers.StopAsync(cancel);
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused for good{string.Concat(pourers.Refused.Take(1))}");
        verdict.Check(pourers.Unadvised == 0, $"each of {pourers.Unavailable:N0} answers with 503 said when to come back; {pourers.Repeated:N0} posts were sent again, {book.Count - book.Acknowledged} without a pour id were left in doubt");
        var head = await hubs.CheckSameAsync(book, verdict, cancel);
        var lost = listeners.All.Count(listener => listener.LostAt > 0);
        verdict.Check(lost == 0, $"{listeners.All.Count - lost} of {listeners.All.Count} listeners kept their connection through all of it");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
        await newcomers.CheckHeardAllAsync(head, verdict, cancel);

        async Task OneAsync(string how, Func<Task> fail, Func<Task> mend, TimeSpan? lasts = null, Func<Task>? noticed = null)
        {
            await fail();
            var taking = probing.UntilAllTakeAsync($"with one broker {how}", cancel);
            if (lasts is { } time) await Task.Delay(time, TimeProvider.System, cancel);
            else await Task.WhenAll(taking, noticed?.Invoke() ?? Task.CompletedTask);
            await mend();
            var took = await taking;
            verdict.Check(took < GoesOn, $"one broker {how}: every hub takes pours, the slowest {took.TotalSeconds:0.0} s later");
            await brokers.UntilWholeAsync(hubs.Stream, cancel);
            took = await probing.UntilAllTakeAsync("with all brokers back", cancel);
            Verdict.Say($"mended: every hub takes pours, the slowest {took.TotalSeconds:0.0} s later");
        }

        async Task TwoAsync(string how, Func<Task> fail, Func<Task> mend, Func<Task>? noticed = null)
        {
            await fail();
            var answers = await probing.PostToEachAsync(cancel);

            // What was on its way to the majority may still have come back.
            if (answers.Any(answer => answer.Id is not null)) answers = await probing.PostToEachAsync(cancel);
            verdict.Check(answers.All(answer => answer.IsUnavailable), $"two brokers {how}: every hub refuses a pour and says when to come back: {string.Join("; ", answers.Select(answer => $"{(int)answer.Status} after {answer.Took.TotalSeconds:0.0} s"))}{answers.FirstOrDefault(answer => !answer.IsUnavailable)}");
            var (_, notReady, reason) = await Probing.UntilAllSayAsync("degraded", hubs.Clients, cancel);
            verdict.Check(notReady == 0, $"every hub stays ready and says why it is not whole: {reason}");
            var unreadable = await probing.FindUnreadableAsync(cancel);
            verdict.Check(unreadable is null, $"all can be read{unreadable}");
            await newcomers.JoinAsync(hubs, Newcomers, book, verdict, cancel);
            if (noticed is not null) await noticed();
            await mend();
            var took = await probing.UntilAllTakeAsync("with all brokers back", cancel);
            (_, notReady, _) = await Probing.UntilAllSayAsync("ok", hubs.Clients, cancel);
            verdict.Check(notReady == 0, $"two brokers {how} and back: every hub takes pours by itself, the slowest {took.TotalSeconds:0.0} s later");
            await brokers.UntilWholeAsync(hubs.Stream, cancel);
            foreach (var (answer, http) in answers.Zip(hubs.Clients.Reverse()).Where(pair => pair.First.Id is null))
            {
                var again = await probing.PostAsync(http, answer.Number, cancel);
                verdict.Check(again.Id is not null, $"pour {answer.Number}, which was refused, is taken when it is sent again, by another hub: {(int)again.Status}");
            }
        }
    }
}
