using System.CommandLine;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// Rounds without and with bad neighbours, in turn, in one run: listeners that never read and listeners that read 1 KB/s, both far behind.
/// Fast listeners and posts must not feel them.
/// </summary>
internal sealed class Neighbours : Scenario
{
    /// <summary>What the bad neighbours are behind by: more than all buffers between the hub and them take.</summary>
    private const int Behind = 40_000;

    /// <summary>Until all buffers between the hub and them are full. What it costs others that a listener catches up is another question.</summary>
    private static readonly TimeSpan UntilFull = TimeSpan.FromSeconds(2);

    private const int MostMegabytesMore = 32;

    private const double MostRatio = 1.5;

    private readonly Option<int> _listeners, _rate, _rounds, _seconds, _bad;

    public Neighbours()
        : base("neighbours", "listeners that do not read, or hardly, hold back nobody and miss nothing")
    {
        _listeners = Number("--listeners", "How many fast listeners, over all transports in turn", 200);
        _rate = Number("--rate", "Pours a second", 200);
        _rounds = Number("--rounds", "How many rounds of each kind", 5);
        _seconds = Number("--seconds", "How long a round takes", 3);
        _bad = Number("--bad", "How many of each bad kind, on each transport", 1);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var hub = new HubProcess("--Live:RingEvents=1024");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book);
        await pourers.FillAsync(Behind, cancel);
        await using var fast = Listeners.Mixed(hub.Address, options.Of(_listeners), book);
        await fast.ConnectAsync(() => null, cancel);
        pourers.Start(options.Of(_rate));
        var round = TimeSpan.FromSeconds(options.Of(_seconds));
        await Memory.WatchAsync(hub, round, cancel);

        List<Round> without = [], with = [];
        for (var i = 0; i < options.Of(_rounds); i++)
        {
            without.Add(await MeasureAsync(hub, book, round, cancel));
            await using var slow = Slow(hub.Address, options.Of(_bad));
            await slow.ConnectAsync(() => "earliest", cancel);
            await Memory.WatchAsync(hub, UntilFull, cancel);
            with.Add(await MeasureAsync(hub, book, round, cancel));
            verdict.Check(slow.All.All(listener => listener.LostAt == 0), "no bad neighbour was cut");
            var behind = slow.All.Count(listener => listener.Heard.Events < Behind);
            verdict.Check(behind == slow.All.Count, $"{behind} of {slow.All.Count} bad neighbours were still behind at the end of the round");
            if (i + 1 < options.Of(_rounds)) continue;

            await pourers.StopAsync(cancel);
            slow.All.ForEach(listener => listener.ReadAtFullSpeed());
            await slow.CheckHeardAllAsync(book.Count, verdict, cancel);
        }

        await fast.CheckHeardAllAsync(book.Count, verdict, cancel);
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once{(fault is null ? "" : ": " + fault)}");
        Compare("a pour was heard (p99)", without, with, measured => measured.Heard, verdict);
        Compare("a post was answered (p99)", without, with, measured => measured.Answered, verdict);
        var (before, after) = (without.Max(measured => measured.Megabytes), with.Max(measured => measured.Megabytes));
        verdict.Check(after <= before + MostMegabytesMore, $"the hub held {before} MB without and {after} MB with them at most");
    }

    private static Listeners Slow(Uri hub, int ofEach)
    {
        // What they hear is not timed: they are behind by intent.
        var book = new PourBook();
        for (var i = 0; i < 4 * Behind; i++) book.Next();
        return new Listeners(
            from transport in Transport.All
            from pace in new[] { 0, 1024 }
            from _ in Enumerable.Range(0, ofEach)
            select new Listener(hub, transport, book) { BytesPerSecond = pace });
    }

    private static async Task<Round> MeasureAsync(HubProcess hub, PourBook book, TimeSpan time, CancellationToken cancel)
    {
        (book.Heard, book.Answers) = (new(), new());
        var memory = await Memory.WatchAsync(hub, time, cancel);
        return new Round(book.Heard.Percentile(0.99), book.Answers.Percentile(0.99), memory.Highest / 1024 / 1024);
    }

    /// <summary>Judges by the median of the rounds' own ratios: the two halves of a round lie next to each other, so what else the machine does hits both.</summary>
    private static void Compare(string what, List<Round> without, List<Round> with, Func<Round, double> figure, Verdict verdict)
    {
        Verdict.Say($"{what}: without {string.Join(", ", without.Select(figure))} ms; with {string.Join(", ", with.Select(figure))} ms");
        var ratio = without.Zip(with, (a, b) => figure(b) / figure(a)).Order().ElementAt(without.Count / 2);
        verdict.Check(ratio <= MostRatio, $"{what} with them within {ratio:0.00} times that without, at most {MostRatio}");
    }

    private sealed record Round(double Heard, double Answered, long Megabytes);
}
