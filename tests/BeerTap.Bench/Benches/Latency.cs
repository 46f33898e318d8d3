using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>How long it takes from the post of a pour until each listener has heard of it, at a steady pace.</summary>
internal sealed class Latency() : Bench("latency", "pour to each listener, at a steady pace")
{
    private const int Posters = 16, BusyPace = 200;

    /// <summary>
    /// How many times the usual warm-up: what runs seldom at such a pace is compiled late, in bursts of a third of a second until about 20 s after the
    /// start, and these would be the 99th percentile.
    /// </summary>
    private const int Patience = 2;

    private static readonly (int Listeners, int PerSecond)[]
        Loads = [(Plan.Listeners, 50), (Plan.Listeners, BusyPace), (Plan.ManyListeners, 5)],
        QuickLoads = [(Plan.Listeners, BusyPace)];

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        var contenders = new List<Contender> { Contender.WebSocket, Contender.SignalR };
        if (Nchan.IsInstalled) contenders.Add(Contender.Nchan);
        else board.Skip(Name, "nchan", Nchan.Missing);
        foreach (var (listeners, perSecond) in plan.Quick ? QuickLoads : Loads)
        {
            var load = FormattableString.Invariant($"{listeners:#,0} at {perSecond}/s");
            if (listeners > Plan.Listeners && !Machine.HasSockets)
            {
                board.Skip(Name, load, $"only {Machine.OpenFiles} files may be open: raise ulimit -n");
                continue;
            }

            var contest = new Contest($"{Name}, {load}", plan, board);
            await contest.PlayAsync(contenders, listeners, Posters, new Pace(perSecond, plan.WarmUp * (plan.Quick ? 1 : Patience), plan.Time), cancel);
            Report(contest, contenders, load, perSecond == BusyPace ? 0.5 : 1, board);
            if (perSecond == BusyPace) board.Add(new Figure(Name, $"{load}: BeerTap WebSocket, post p99", contest.Of(Contender.WebSocket, outcome => outcome.Book.Answers.Percentile(0.99)), "ms", Target.Most(10)));
        }
    }

    private void Report(Contest contest, List<Contender> contenders, string load, double most, Board board)
    {
        double[] At(Contender contender, double part) => contest.Of(contender, outcome => outcome.Book.Heard.Percentile(part));
        foreach (var contender in contenders)
        {
            board.Add(new Figure(Name, $"{load}: {contender.Name}, p50", At(contender, 0.5), "ms", Note: contest.Note(contender)));
            board.Add(new Figure(Name, $"{load}: {contender.Name}, p99", At(contender, 0.99), "ms"));
        }

        if (!contenders.Contains(Contender.Nchan)) return;
        foreach (var (name, part) in new[] { ("p50", 0.5), ("p99", 0.99) })
        {
            board.Compare(Name, $"{load}: BeerTap WebSocket to nchan, {name}", At(Contender.WebSocket, part), At(Contender.Nchan, part), Target.Most(most));
            board.Compare(Name, $"{load}: BeerTap SignalR to nchan, {name}", At(Contender.SignalR, part), At(Contender.Nchan, part), Target.Most(1.5));
        }
    }
}
