namespace BeerTap.Bench;

/// <summary>
/// What the quick form is judged by: ratios within one run, which hold on any machine, as they were measured; worse by more than a third fails. A
/// figure by itself says more about the machine than about the hub.
/// </summary>
internal static class Gates
{
    private const double Slack = 4.0 / 3;

    private static readonly (string Bench, string What, double Expected, bool AtLeast)[] All =
    [
        ("saturation", "BeerTap WebSocket to stock SignalR, on the core", 8.0, true),
        ("saturation", "BeerTap SignalR to stock SignalR, on the core", 8.0, true),
        ("posts", "BeerTap to plain Kestrel, on the core", 0.75, true),
        ("growth", "get of a beer, most beers to fewest", 1.3, false),
        ("growth", "first page, most beers to fewest", 1.1, false),
        ("growth", "last page by key, most beers to fewest", 1.1, false),
        ("growth", "share report, most beers to fewest", 1.1, false),
    ];

    public static void Judge(Board board)
    {
        foreach (var (bench, what, expected, atLeast) in All)
        {
            if (board.Figures.FirstOrDefault(figure => figure.Bench == bench && figure.What == what) is not { IsSkipped: false } figure) continue;
            var limit = atLeast ? expected / Slack : expected * Slack;
            var holds = atLeast ? figure.Median >= limit : figure.Median <= limit;
            board.Check(holds, $"gate: {what} is {Board.Text(figure.Median)}, not {(atLeast ? "below" : "above")} {Board.Text(limit)} ({Board.Text(expected)} when it was last set)");
        }
    }
}
