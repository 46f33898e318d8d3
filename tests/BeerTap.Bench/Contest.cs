using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench;

/// <summary>A server, and the way of listening to it that is measured.</summary>
internal sealed record Contender(string Name, Func<Peer> Start, Feed Feed)
{
    public static readonly Contender
        WebSocket = new("BeerTap WebSocket", () => new Hub(), Hub.WebSocket),
        SignalR = new("BeerTap SignalR", () => new Hub(), Hub.SignalR),
        Stock = new("stock SignalR", () => new Control(broadcasts: true), Control.Stock),
        Nchan = new("nchan", () => new Nchan(), Peers.Nchan.Feed);
}

/// <summary>Puts contenders under the same load, one after the other in each run, each as a new process.</summary>
internal sealed class Contest(string bench, Plan plan, Board board)
{
    /// <summary>Other work on the machine is worth a word from here on.</summary>
    private const double Noticed = 0.1;

    /// <summary>A patient contest plays a disturbed run again, so often.</summary>
    private const int Repeats = 2;

    private readonly Dictionary<Contender, List<Outcome>> _outcomes = [];

    public async Task PlayAsync(IReadOnlyList<Contender> contenders, int listeners, int posters, Pace pace, CancellationToken cancel, int batch = 0)
    {
        for (var run = 1; run <= plan.Runs; run++)
        {
            foreach (var contender in contenders)
            {
                cancel.ThrowIfCancellationRequested();
                if (!_outcomes.TryGetValue(contender, out var outcomes)) _outcomes.Add(contender, outcomes = []);
                Outcome outcome;
                var again = plan.Patient ? Repeats : 0;
                do
                {
                    if (plan.Patient) await Machine.QuietAsync(cancel);
                    outcome = await PlayAsync(contender, listeners, posters, pace, batch, run, cancel);
                }
                while (outcome.IsDisturbed && outcome.Fault is null && again-- > 0);
                board.Saw(outcome);
                outcomes.Add(outcome);
            }
        }
    }

    public double[] Of(Contender contender, Func<Outcome, double> figure) => [.. _outcomes[contender].Select(figure)];

    /// <summary>What must be said beside a contender's figures.</summary>
    public string? Note(Contender contender)
    {
        var outcomes = _outcomes[contender];
        var order = outcomes.TrueForAll(outcome => outcome.SameOrder) ? null : "not the same order for all";
        var others = outcomes.Select(outcome => outcome.OthersShare).Order().ElementAt(outcomes.Count / 2);
        var share = others > Noticed ? $"other work had {others:P0} of a core" : null;
        var note = string.Join("; ", new[] { outcomes.Select(outcome => outcome.Note).FirstOrDefault(note => note is not null), order, share }.Where(text => text is not null));
        return note.Length == 0 ? null : note;
    }

    private async Task<Outcome> PlayAsync(Contender contender, int listeners, int posters, Pace pace, int batch, int run, CancellationToken cancel)
    {
        await using var server = contender.Start();
        await server.StartAsync(cancel);
        using var load = new Generator(server);
        load.Listen(listeners, contender.Feed);
        load.AddPosters(posters, new PourRequest(server.PostPath + (batch > 0 ? "/batch" : ""), server.Port, batch));
        var outcome = load.Run(pace);
        var fault = outcome.Fault ?? (server.KeepsOrder && !outcome.SameOrder ? "the listeners heard the pours in different orders" : null);
        if (server is Hub) fault ??= Unstored(server.Port, outcome.Book.Acknowledged);
        if (server is SharingHub sharing) fault ??= await sharing.LackAsync(outcome.Book.Acknowledged, cancel);
        var proof = listeners > 0
            ? $"{listeners:N0} listeners each heard all {outcome.Book.Acknowledged:N0} pours once{(outcome.SameOrder ? ", in one order" : "")}"
            : $"all {outcome.Book.Acknowledged:N0} pours were acknowledged{(server is Hub ? " and are stored" : server is SharingHub ? " and are stored by every hub" : "")}";
        board.Check(fault is null, $"{bench}, run {run}, {contender.Name}: {proof}{(fault is null ? "" : ": " + fault)}");
        Console.WriteLine("   " + outcome);
        return outcome;
    }

    /// <summary>What is wrong with the number of beers that are stored, or null.</summary>
    private static string? Unstored(int port, int acknowledged)
    {
        using var probe = new Probe(port);
        return probe.Ask(Probe.Get("/api/beers?page_size=1")).Body.Contains($"\"total\":{acknowledged}", StringComparison.Ordinal) ? null : $"not {acknowledged} beers are stored";
    }
}
