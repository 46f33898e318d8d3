using BeerTap.Bench.Load;
using BeerTap.Bench.Peers;
using BeerTap.Processes;

namespace BeerTap.Bench.Benches;

/// <summary>What it costs that several hubs share one log, seen from the one hub that takes the load.</summary>
internal sealed class Sharing() : Bench("cluster", "one hub alone, on a log with one broker, and one of three hubs on three brokers")
{
    private const int Posters = 16, PerSecond = 200, ManyPerSecond = 1_000, Few = 100;

    /// <summary>Enough that no hub waits for its callers: an answer takes several times as long with a shared log, and each caller has one post under way.</summary>
    private const int Crowd = 256;

    /// <summary>
    /// How many times the usual warm-up: the other hubs are compiled beside brokers and load, which takes half a minute. Until then it is the compiler that the
    /// log waits for.
    /// </summary>
    private const int Patience = 3;

    public override async Task RunAsync(Plan plan, Board board, CancellationToken cancel)
    {
        if ((plan.Quick ? "by hand only" : Brokers.Missing) is { } why)
        {
            board.Skip(Name, "all", why);
            return;
        }

        await using var one = await Brokers.StartAsync(1, cores: Machine.BothCores);
        await using var three = await Brokers.StartAsync(3, cores: Machine.BothCores);
        Contender[] ofHubs(Feed feed) =>
        [
            new("alone", () => new Hub(), feed), new("cluster of one", () => new SharingHub(one, 1), feed), new("cluster of three", () => new SharingHub(three, 3), feed),
        ];

        var (contenders, warmUp) = (ofHubs(Hub.WebSocket), plan.WarmUp * Patience);
        var pace = new Contest($"{Name}, {PerSecond}/s", plan, board);
        await pace.PlayAsync(contenders, Few, Posters, new Pace(PerSecond, warmUp, plan.Time), cancel);
        Show(pace, contenders, "ms", outcome => outcome.Book.Answers.Percentile(0.5), "answer p50", board, Target.Most(3));
        Show(pace, contenders, "ms", outcome => outcome.Book.Answers.Percentile(0.99), "answer p99", board);
        Show(pace, contenders, "ms", outcome => outcome.Book.Heard.Percentile(0.5), "post to heard p50", board);
        Show(pace, contenders, "ms", outcome => outcome.Book.Heard.Percentile(0.99), "post to heard p99", board);

        foreach (var (callers, target) in new[] { (Plan.Posters, null), (Crowd, Target.Least(0.5)) })
        {
            var posts = new Contest($"{Name}, posts over {callers} connections", plan, board);
            await posts.PlayAsync(contenders, 0, callers, new Pace(0, warmUp, plan.Time), cancel);
            Show(posts, contenders, "posts/s", outcome => outcome.Posts, $"posts over {callers} connections", board, target);
        }

        // The rate is the same for all: at full speed the deliveries would be the posts once more, times the listeners.
        var deliveries = new Contest($"{Name}, deliveries", plan, board);
        await deliveries.PlayAsync(contenders, Plan.Listeners, Plan.Posters, new Pace(ManyPerSecond, warmUp, plan.Time), cancel);
        Show(deliveries, contenders, "deliveries/s", outcome => outcome.Deliveries, $"deliveries at {ManyPerSecond} pours/s", board, Target.Least(0.9));
        Show(deliveries, contenders, "deliveries", outcome => outcome.DeliveriesPerCore, $"deliveries for each second on the core at {ManyPerSecond} pours/s", board);
    }

    /// <summary>A figure of each, and what those with a shared log have of the one alone; the target is for the cluster of three.</summary>
    private void Show(Contest contest, Contender[] contenders, string unit, Func<Outcome, double> figure, string what, Board board, Target? target = null)
    {
        foreach (var contender in contenders) board.Add(new Figure(Name, $"{contender.Name}: {what}", contest.Of(contender, figure), unit, Note: contest.Note(contender)));
        foreach (var contender in contenders[1..])
            board.Compare(Name, $"{contender.Name} to alone: {what}", contest.Of(contender, figure), contest.Of(contenders[0], figure), contender == contenders[^1] ? target : null);
    }
}
