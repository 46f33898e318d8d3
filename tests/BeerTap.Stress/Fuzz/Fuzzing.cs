using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using BeerTap.Processes;

namespace BeerTap.Stress.Fuzz;

/// <summary>Hostile input at every door: what comes in is drawn from grammars and then spoiled; models say what must come out.</summary>
internal sealed class Fuzzing : Scenario
{
    /// <summary>Enough that both cores are busy while some wait for a hub that has nothing to say to what it was sent.</summary>
    private const int Workers = 12;

    /// <summary>How many keys are made: the hub writes its file anew for each.</summary>
    private const int GoodKeys = 50;

    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(30);

    private readonly Option<int> _cases, _seed, _from, _minutes;
    private long _next;

    public Fuzzing()
        : base("fuzz", "whatever comes in at any door, the hub answers as documented, stays up and serves its neighbours")
    {
        _cases = Number("--cases", "How many requests, frames and connections", 100_000);
        _seed = Number("--seed", "What the cases are drawn from", 20261121);
        _from = Number("--from", "The first case, to repeat some of a run", 0);
        _minutes = Number("--minutes", "When to stop, whatever is left", 60);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var (words, keyWords, seed) = (new HubWords(), new HubWords(), options.Of(_seed));
        await using var hub = new HubProcess { Said = words.Hear };
        await using var keyed = KeyedHub.New(keyWords, out var keys);
        await hub.StartAsync();
        await keyed.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        await using var neighbour = new Neighbour(hub.Address, http);
        await neighbour.StartAsync(cancel);

        var (ledger, findings) = (new Ledger(), new Findings(seed));
        Door[] doors =
        [
            new PourDoor(33, hub.Address, ledger, findings),
            new BatchDoor(8, hub.Address, ledger, findings),
            new ReadingDoor(23, hub.Address, ledger, findings),
            new ListeningDoor(9, hub.Address, findings),
            new KeyDoor(11, keyed.Address, keys, findings),
            new KeysApiDoor(4, keyed.Address, keys, GoodKeys, options.Of(_cases), findings),
            new WildDoor(6, hub.Address, ledger, findings),
            new SocketDoor(3, hub.Address, findings),
            new TapHubDoor(3, hub.Address, findings),
        ];
        Verdict.Say($"seed {seed}");
        var (memory, rate) = await AttackAsync(hub, doors, seed, options.Of(_from), options.Of(_cases), TimeSpan.FromMinutes(options.Of(_minutes)), cancel);
        foreach (var door in doors) Verdict.Say($"{door.Cases,12:N0} {door.Name}");
        verdict.Check(findings.Count == 0, $"{doors.Sum(door => door.Cases):N0} cases at {rate:N0}/s, seed {seed}: {findings.Count} answered wrongly");

        await neighbour.StopAsync(cancel);
        var (head, fault) = await ledger.CompareAsync(http, neighbour.Book, cancel);
        var held = $"the log holds the {ledger.Count:N0} beers that were answered 201, {ledger.Deleted:N0} deletions and the neighbour's pours, and nothing else";
        verdict.Check(fault is null, fault is null ? held : $"{held}: {fault}");
        await neighbour.CheckAsync(head, verdict, cancel);
        var left = await ConnectionsAsync(http, neighbour.Connections, cancel);
        verdict.Check(left == neighbour.Connections, $"{left} connections are left, {neighbour.Connections} of them the neighbour's");
        verdict.Check(memory.IsFlat, $"memory is flat over the second half: {memory}");
        words.Check(verdict, "open");
        keyWords.Check(verdict, "keyed");
        verdict.Check(await hub.StopAsync() == 0 && await keyed.StopAsync() == 0, "both hubs are alive, and stop when asked to");
    }

    /// <summary>Runs all blocks; gives the hub's memory over the second half of them, and cases a second.</summary>
    private async Task<(Memory Memory, double Rate)> AttackAsync(HubProcess hub, Door[] doors, int seed, int from, int cases, TimeSpan most, CancellationToken cancel)
    {
        var schedule = doors.SelectMany(door => Enumerable.Repeat(door, door.Share)).ToArray();
        new Random(seed).Shuffle(schedule);
        var (first, last) = (from / Door.BlockSize, (from + cases + Door.BlockSize - 1) / Door.BlockSize);
        _next = first - 1;
        var began = Stopwatch.GetTimestamp();
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var workers = Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Increment(ref _next) is var block && block < last && Stopwatch.GetElapsedTime(began) < most)
                {
                    if (block >= first + (last - first) / 2 || Stopwatch.GetElapsedTime(began) > most / 2) half.TrySetResult();
                    await schedule[block % schedule.Length].RunAsync(new Random(unchecked((int)(block * 2_654_435_761L) ^ seed)), block * Door.BlockSize, cancel);
                }
            },
            cancel)));
        using var saying = new Timer(
            _ => Verdict.Say($"{doors.Sum(door => door.Cases):N0} cases after {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s"), null, SayEvery, SayEvery);
        await Task.WhenAny(half.Task, workers);
        var memory = await Memory.WatchAsync(hub, workers);
        await workers;
        return (memory, doors.Sum(door => door.Cases) / Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>How many listeners the hub counts, once they are as few as expected or the time for it is up.</summary>
    private static async Task<int> ConnectionsAsync(HttpClient http, int expected, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var count = (int)JsonNode.Parse(await http.GetStringAsync("/health/ready", cancel))!["connections"]!;
            if (count == expected || Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(40)) return count;
            await poll.WaitForNextTickAsync(cancel);
        }
    }
}
