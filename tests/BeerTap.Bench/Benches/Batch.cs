using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>Taps that come back from an outage: many pours in one request, one flush for all.</summary>
internal sealed class Batch() : Bench("batch", "durable pours a second in batches of 100: 16 connections, nobody listens")
{
    private const int Posters = 16, TargetPerSecond = 150_000;

    private static readonly Contender Hub = new("BeerTap", () => new Hub(), Peers.Hub.WebSocket);

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        var contest = new Contest(Name, plan, board);
        await contest.PlayAsync([Hub], 0, Posters, new Pace(0, plan.WarmUp, plan.Time), cancel, Plan.BatchPours);
        board.Add(new Figure(Name, "BeerTap", contest.Of(Hub, outcome => outcome.Posts), "pours/s", Target.Least(TargetPerSecond), contest.Note(Hub)));
        board.Add(new Figure(Name, "BeerTap, p99 of the answer", contest.Of(Hub, outcome => outcome.Book.Answers.Percentile(0.99)), "ms") { IsDetail = true });
    }
}
