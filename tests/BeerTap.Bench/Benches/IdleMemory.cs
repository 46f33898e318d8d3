using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Benches;

/// <summary>What a listener costs that hears nothing for the moment.</summary>
internal sealed class IdleMemory() : Bench("memory", "resident memory of the server for each idle listener")
{
    private const int QuickListeners = 2_000, Posters = 16;
    private static readonly Pace Light = new(20, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

    private static readonly (Contender Contender, double Kilobytes)[] Rows =
    [
        (Contender.WebSocket, 12), (Contender.SignalR, 25), (new("BeerTap SSE", () => new Hub(), Hub.Sse), 12), (Contender.Stock, 0), (Contender.Nchan, 0),
    ];

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        var listeners = plan.Quick || !Machine.HasSockets ? QuickListeners : Plan.ManyListeners;
        var rows = plan.Quick ? Rows[..3] : Rows;
        var figures = rows.ToDictionary(row => row.Contender, _ => new List<double>());

        // Once: memory does not depend on what else the machine does, and thousands of listeners make it a mean already.
        foreach (var (contender, _) in rows)
        {
            if (contender == Contender.Nchan && !Nchan.IsInstalled) continue;
            figures[contender].Add(await MeasureAsync(contender, listeners, TimeSpan.FromSeconds(plan.Quick ? 1 : 3), board, cancel));
        }

        foreach (var (contender, most) in rows)
        {
            if (figures[contender].Count == 0) board.Skip(Name, contender.Name, Nchan.Missing);
            else board.Add(new Figure(Name, FormattableString.Invariant($"{contender.Name}, {listeners:#,0} listeners"), [.. figures[contender]], "KB", most > 0 ? Target.Most(most) : null));
        }
    }

    /// <summary>The same before and after the listeners came: some pours, a pause, and a collection of all garbage.</summary>
    private async Task<double> MeasureAsync(Contender contender, int listeners, TimeSpan settling, Board board, CancellationToken cancel)
    {
        await using var server = contender.Start();
        await server.StartAsync(cancel);
        using var load = new Generator(server);
        load.AddPosters(Posters, new PourRequest(server.PostPath, server.Port));
        load.Run(Light);
        load.Idle(settling);
        await Collection.InduceAsync(server.ProcessId, cancel);
        var before = server.ResidentBytes;
        load.Listen(listeners, contender.Feed);
        load.Idle(settling);
        await Collection.InduceAsync(server.ProcessId, cancel);
        load.Idle(settling);
        var kilobytes = (server.ResidentBytes - before) / 1024.0 / listeners;
        using var check = new Generator(server);
        check.Listen(1, contender.Feed);
        check.AddPosters(1, new PourRequest(server.PostPath, server.Port));
        var fault = check.Run(new Pace(50, TimeSpan.Zero, TimeSpan.FromSeconds(0.5))).Fault;
        load.Idle(TimeSpan.FromSeconds(1));
        board.Check(fault is null && load.HaveAllHeard(check.Book.Acknowledged), $"{Name}, {contender.Name}: {listeners:N0} listeners were there and heard {check.Book.Acknowledged} pours afterwards{(fault is null ? "" : ": " + fault)}");
        return kilobytes;
    }
}
