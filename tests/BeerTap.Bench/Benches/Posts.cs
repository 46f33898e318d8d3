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
        Contender[] contenders = [Durable, Plain, Verbose];
        var contest = new Contest(Name, plan, board);
        await contest.PlayAsync(contenders, 0, Plan.Posters, new Pace(0, plan.WarmUp, plan.Time), cancel);
        double[] Of(Contender contender) => contest.Of(contender, outcome => outcome.Posts);
        foreach (var contender in contenders)
        {
            board.Add(new Figure(Name, contender.Name, Of(contender), "posts/s", Note: contest.Note(contender)));
            board.Add(new Figure(Name, $"{contender.Name}, p99 of the answer", contest.Of(contender, outcome => outcome.Book.Answers.Percentile(0.99)), "ms") { IsDetail = true });
        }

        board.Compare(Name, "BeerTap to plain Kestrel", Of(Durable), Of(Plain), Target.Least(0.8));
        board.Compare(Name, "BeerTap to plain Kestrel, on the core", contest.Of(Durable, outcome => outcome.PostsPerCore), contest.Of(Plain, outcome => outcome.PostsPerCore));
        board.Compare(Name, "default log level to Warning", Of(Verbose), Of(Durable));
    }
}
