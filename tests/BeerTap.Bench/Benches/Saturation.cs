using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>As fast as it goes: what one core brings to 1,000 listeners.</summary>
internal sealed class Saturation() : Bench("saturation", "deliveries a second: 1,000 listeners, 64 posters, as fast as it goes")
{
    /// <summary>The peers tell of pours only; the hub also tells, every ten beers, of the share of each of the 100 taps. What that costs shows here.</summary>
    private static readonly Contender[] Silent =
    [
        new("BeerTap WebSocket, without share reports", NoReports, Hub.WebSocket), new("BeerTap SignalR, without share reports", NoReports, Hub.SignalR),
    ];

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        var contenders = new List<Contender> { Contender.WebSocket, Contender.SignalR, Contender.Stock };
        if (Nchan.IsInstalled) contenders.Add(Contender.Nchan);
        if (!plan.Quick) contenders.AddRange(Silent);
        var original = plan.Original is { } command ? new Contender("original", () => new Original(command), Original.Feed) : null;
        if (original is not null) contenders.Add(original);

        var contest = new Contest(Name, plan, board);
        await contest.PlayAsync(contenders, Plan.Listeners, Plan.Posters, new Pace(0, plan.WarmUp, plan.Time), cancel);
        double[] Of(Contender contender) => contest.Of(contender, outcome => outcome.Deliveries);
        foreach (var contender in contenders) board.Add(new Figure(Name, contender.Name, Of(contender), "deliveries/s", Note: contest.Note(contender)));
        foreach (var contender in contenders) board.Add(new Figure(Name, $"{contender.Name}, posts meanwhile", contest.Of(contender, outcome => outcome.Posts), "posts/s") { IsDetail = true });

        double[] PerCore(Contender contender) => contest.Of(contender, outcome => outcome.DeliveriesPerCore);
        foreach (var contender in contenders) board.Add(new Figure(Name, $"{contender.Name}, for each second on the core", PerCore(contender), "deliveries") { IsDetail = true });
        board.Compare(Name, "BeerTap WebSocket to stock SignalR, on the core", PerCore(Contender.WebSocket), PerCore(Contender.Stock));
        board.Compare(Name, "BeerTap SignalR to stock SignalR, on the core", PerCore(Contender.SignalR), PerCore(Contender.Stock));
        board.Compare(Name, "BeerTap WebSocket to stock SignalR", Of(Contender.WebSocket), Of(Contender.Stock));
        board.Compare(Name, "BeerTap SignalR to stock SignalR", Of(Contender.SignalR), Of(Contender.Stock), Target.Least(4));
        if (Nchan.IsInstalled)
        {
            board.Compare(Name, "BeerTap WebSocket to nchan", Of(Contender.WebSocket), Of(Contender.Nchan), Target.Least(10));
            board.Compare(Name, "BeerTap SignalR to nchan", Of(Contender.SignalR), Of(Contender.Nchan), Target.Least(6));
            board.Compare(Name, "BeerTap WebSocket to nchan, on the core", PerCore(Contender.WebSocket), PerCore(Contender.Nchan));
            board.Compare(Name, "BeerTap SignalR to nchan, on the core", PerCore(Contender.SignalR), PerCore(Contender.Nchan));
        }
        else
        {
            board.Skip(Name, "nchan", Nchan.Missing);
        }

        if (original is null) board.Skip(Name, "original", "give --original \"COMMAND {port}\"");
        else board.Compare(Name, "BeerTap WebSocket to the original", Of(Contender.WebSocket), Of(original), Target.Least(1));
    }

    private static Hub NoReports() => new("--Reports:EveryBeers=1000000", "--Reports:Interval=01:00:00");
}
