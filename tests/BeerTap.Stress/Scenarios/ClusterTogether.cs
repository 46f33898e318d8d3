using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Stress.Cluster;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>Three hubs, all poured to and listened to at once; some pours go to two hubs in the same moment, and some deletions.</summary>
internal sealed class ClusterTogether : Scenario
{
    private const int HubCount = 3;

    private readonly Option<int> _brokers, _listeners, _rate, _seconds, _twins, _deletions, _seed;

    public ClusterTogether()
        : base("cluster", "several hubs are one: each listener hears every position once, in one order, and all hubs hold the same")
    {
        _brokers = Number("--brokers", "How many brokers keep the log: 1 or 3", 3);
        _listeners = Number("--listeners", "How many listen, over all hubs and transports in turn", 90);
        _rate = Number("--rate", "Pours a second, over all hubs", 150);
        _seconds = Number("--seconds", "For how long", 10);
        _twins = Number("--twins", "Pours that are sent to two hubs at the same moment", 300);
        _deletions = Number("--deletions", "Beers that are deleted on two hubs at the same moment", 100);
        _seed = Number("--seed", "Repeats the same choices; 0: any", 0);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var random = new Random(SeedOf(options, _seed));
        await using var brokers = await Brokers.StartAsync(options.Of(_brokers));
        await using var hubs = new Hubs();
        await hubs.StartAsync(brokers.ConnectionString, HubCount);
        var book = new PourBook { Chronicle = new Chronicle() };
        await using var listeners = Listeners.Mixed(hubs.Addresses, options.Of(_listeners), book);
        await listeners.ConnectAsync(() => null, cancel);
        await using var pourers = new HubPourers(hubs.Addresses, book, bareEvery: 5);
        pourers.Start(options.Of(_rate));

        var pouring = Task.Delay(TimeSpan.FromSeconds(options.Of(_seconds)), TimeProvider.System, cancel);
        await PourTwinsAsync(hubs, book, options.Of(_twins), random, verdict, cancel);
        await DeleteTwiceAsync(hubs, options.Of(_deletions), random, verdict, cancel);
        await pouring;
        await pourers.StopAsync(cancel);

        verdict.Check(pourers.Refused.Count == 0 && pourers.Unavailable == 0, $"no pour was refused{string.Concat(pourers.Refused.Take(1))}");
        var head = await hubs.CheckSameAsync(book, verdict, cancel);
        verdict.Check(book.Acknowledged == book.Count, $"{book.Acknowledged:N0} of {book.Count:N0} pours were acknowledged");
        await listeners.CheckHeardAllAsync(head, verdict, cancel);
        Verdict.Say($"a post was answered in {book.Answers}");
        Verdict.Say($"a pour was heard after {book.Heard}");
    }

    /// <summary>One beer comes of it: one hub has made it, the other gives it as a replay.</summary>
    private static async Task PourTwinsAsync(Hubs hubs, PourBook book, int count, Random random, Verdict verdict, CancellationToken cancel)
    {
        var (good, wrong) = (0, "");
        for (var i = 0; i < count; i++)
        {
            var number = book.Next();
            var answers = await Task.WhenAll(Two(hubs, random).Select(async http =>
            {
                using var body = Pourers.Identified(number);
                using var answer = await http.PostAsync("/api/beers", body, cancel);
                return (answer.StatusCode, Replayed: answer.Headers.Contains("Idempotency-Replayed"), Text: await answer.Content.ReadAsStringAsync(cancel));
            }));
            var ordered = answers.OrderByDescending(answer => answer.StatusCode).ToList();
            if (ordered is [{ StatusCode: HttpStatusCode.Created, Replayed: false }, { StatusCode: HttpStatusCode.OK, Replayed: true }] && ordered[0].Text == ordered[1].Text) good++;
            else wrong = $": {ordered[0]} and {ordered[1]}";
            foreach (var answer in ordered.Where(answer => answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK))
                book.Acknowledge(number, (long)JsonNode.Parse(answer.Text)!["beer"]!["id"]!);
        }

        verdict.Check(good == count, $"{good} of {count} pours that were sent to two hubs at the same moment: one 201, one 200 with the same beer{wrong}");
    }

    private static async Task DeleteTwiceAsync(Hubs hubs, int count, Random random, Verdict verdict, CancellationToken cancel)
    {
        var beers = JsonNode.Parse(await hubs.Clients[0].GetStringAsync($"/api/beers?page_size={count}", cancel))!["beers"]!.AsArray();
        var (good, wrong) = (0, "");
        foreach (var beer in beers)
        {
            var answers = await Task.WhenAll(Two(hubs, random).Select(async http =>
            {
                using var answer = await http.DeleteAsync($"/api/beers/{beer!["id"]}", cancel);
                return answer.StatusCode;
            }));
            if (answers.Order().SequenceEqual([HttpStatusCode.NoContent, HttpStatusCode.NotFound])) good++;
            else wrong = $": {string.Join(" and ", answers)}";
        }

        verdict.Check(good == count, $"{good} of {count} beers that were deleted on two hubs at the same moment: one 204, one 404{wrong}");
    }

    private static HttpClient[] Two(Hubs hubs, Random random)
    {
        var one = random.Next(HubCount);
        return [hubs.Clients[one], hubs.Clients[(one + random.Next(1, HubCount)) % HubCount]];
    }
}
