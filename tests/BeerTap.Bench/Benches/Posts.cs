using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>What it costs that a pour is on the disk before it is answered.</summary>
internal sealed class Posts() : Bench("posts", "durable posts a second: 64 connections, nobody listens")
{
    private static readonly Contender
        Durable = new("BeerTap", () => new Hub(), Hub.WebSocket),
        Verbose = new("BeerTap, default log level", () => new Hub("--Logging:Level=Information"), Hub.WebSocket),
        Plain = new("plain Kestrel, no store", () => new Control(broadcasts: false), Control.Stock);

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        var pace = new Pace(0, plan.WarmUp, plan.Time);
        var contest = new Contest(Name, plan, board);
        await contest.PlayAsync([Durable, Plain], 0, Plan.Posters, pace, cancel);
        Show(contest, Durable, board);
        Show(contest, Plain, board);
        board.Compare(Name, "BeerTap to plain Kestrel", Of(contest, Durable), Of(contest, Plain), Target.Least(0.8));
        board.Compare(Name, "BeerTap to plain Kestrel, on the core", contest.Of(Durable, outcome => outcome.PostsPerCore), contest.Of(Plain, outcome => outcome.PostsPerCore));

        // Behind the others: whoever reads what it logs is other work on the machine.
        var verbose = new Contest(Name, plan, board);
        await verbose.PlayAsync([Verbose], 0, Plan.Posters, pace, cancel);
        Show(verbose, Verbose, board);
        board.Compare(Name, "default log level to Warning", Of(verbose, Verbose), Of(contest, Durable));
    }

    private static double[] Of(Contest contest, Contender contender) => contest.Of(contender, outcome => outcome.Posts);

    private void Show(Contest contest, Contender contender, Board board)
    {
        board.Add(new Figure(Name, contender.Name, Of(contest, contender), "posts/s", Note: contest.Note(contender)));
        board.Add(new Figure(Name, $"{contender.Name}, p99 of the answer", contest.Of(contender, outcome => outcome.Book.Answers.Percentile(0.99)), "ms") { IsDetail = true });
    }
}
