using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>The two stores beside each other.</summary>
internal sealed class Stores() : Bench("stores", "durable pours a second with SQLite and with LiteDB")
{
    private const int BatchPosters = 16;

    private static readonly Contender
        Sqlite = new("SQLite", () => new Hub("--Storage:Provider=sqlite"), Hub.WebSocket),
        LiteDb = new("LiteDB", () => new Hub("--Storage:Provider=litedb"), Hub.WebSocket);

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, "LiteDB.dll")))
        {
            board.Skip(Name, "SQLite and LiteDB", "built without LiteDB: build with -p:LiteDb=true");
            return;
        }

        foreach (var (what, posters, pours) in new[] { ("single posts", Plan.Posters, 0), ("batches of 100", BatchPosters, Plan.BatchPours) })
        {
            var contest = new Contest(Name, plan, board);
            await contest.PlayAsync([Sqlite, LiteDb], 0, posters, new Pace(0, plan.WarmUp, plan.Time), cancel, pours);
            double[] Of(Contender contender) => contest.Of(contender, outcome => outcome.Posts);
            board.Add(new Figure(Name, $"SQLite, {what}", Of(Sqlite), "pours/s"));
            board.Add(new Figure(Name, $"LiteDB, {what}", Of(LiteDb), "pours/s"));
            board.Compare(Name, $"LiteDB to SQLite, {what}", Of(LiteDb), Of(Sqlite));
        }
    }
}
