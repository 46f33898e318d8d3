using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using BeerTap.Processes;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>
/// Rounds without and with readers, in turn, in one run: they read all that is expensive, as fast as they are answered, from one address and from several.
/// Pours must not feel them.
/// </summary>
internal sealed class Readers : Scenario
{
    /// <summary>What is wanted, and what fails the run: on two shared processors one collection of garbage in a window decides its p99.</summary>
    private const double Target = 1.5, MostRatio = 4;

    /// <summary>A listener that catches up goes away after so many bytes and comes again.</summary>
    private const int MostOfAStream = 2_000_000;

    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    private readonly Option<int> _readers, _taps, _beers, _rate, _rounds, _seconds;

    public Readers()
        : base("readers", "who reads all there is, again and again, holds back no pour")
    {
        _readers = Number("--readers", "How many read at the same time, half of them from one address", 16);
        _taps = Number("--taps", "How many taps there are", 20_000);
        _beers = Number("--beers", "How many beers there are", 60_000);
        _rate = Number("--rate", "Pours a second", 200);
        _rounds = Number("--rounds", "How many rounds of each kind", 5);
        _seconds = Number("--seconds", "How long a round takes", 3);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        await using var hub = new HubProcess();
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var book = new PourBook();
        await using var pourers = new Pourers(hub.Address, book, options.Of(_taps));
        await pourers.FillAsync(options.Of(_beers), cancel);
        pourers.Start(options.Of(_rate));
        var round = TimeSpan.FromSeconds(options.Of(_seconds));
        await MeasureAsync(book, round, cancel);

        var walks = Walks(options.Of(_beers), options.Of(_taps));
        var reads = new ConcurrentDictionary<string, (int Answered, int PutOff)>();
        var faults = new ConcurrentQueue<string>();
        List<Latencies> without = [], with = [];

        // The first round is not counted: its readers meet code that is not compiled yet.
        for (var i = -1; i < options.Of(_rounds); i++)
        {
            var alone = await MeasureAsync(book, round, cancel);
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var reading = Enumerable.Range(0, options.Of(_readers))
                .Select(reader => ReadAsync(hub.Address, reader, walks, reads, faults, over.Token))
                .ToList();
            var beside = await MeasureAsync(book, round, cancel);
            await over.CancelAsync();
            await Task.WhenAll(reading);
            if (i >= 0)
            {
                without.Add(alone);
                with.Add(beside);
            }
        }

        await pourers.StopAsync(cancel);
        var (head, fault) = await book.CompareAsync(http, cancel);
        verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once{(fault is null ? "" : ": " + fault)}");
        verdict.Check(pourers.Refused.Count == 0, $"no pour was refused ({pourers.Repeated} sent again)");
        foreach (var (path, count) in reads.OrderBy(read => read.Key, StringComparer.Ordinal)) Verdict.Say($"{count.Answered:N0} answered, {count.PutOff:N0} put off: {path}");
        verdict.Check(faults.IsEmpty, $"every read was answered 200 or 503{(faults.TryPeek(out var wrong) ? ": " + wrong : "")}");
        verdict.Check(reads.Count > 5 && reads.Values.All(count => count.Answered > 0), "each kind of read was answered");
        Compare(without, with, 0.5, 0, verdict);
        Compare(without, with, 0.99, MostRatio, verdict);
    }

    /// <summary>The reads that cost the hub most.</summary>
    private static string[] Walks(int beers, int taps)
    {
        var lately = Uri.EscapeDataString((TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(30)).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        return
        [
            "/api/taps",
            $"/api/taps?after_id={taps / 2}",
            $"/api/beers?page_size=500&page={Math.Min(beers, 100_000) / 500}",
            $"/api/beers?page_size=500&page={Math.Min(beers, 100_000) / 500}&order=desc",
            $"/api/beers?page_size=500&tapId={taps / 3}",
            $"/api/beers?page_size=500&from={lately}&page={Math.Min(beers, 100_000) / 500}",
            $"/api/reports/totals?from={lately}",
            "/api/events?after=earliest&limit=1000",
            "/api/events/stream?after=earliest",
            "/openapi/v1.json",
        ];
    }

    private static async Task ReadAsync(
        Uri hub, int reader, string[] walks, ConcurrentDictionary<string, (int Answered, int PutOff)> reads, ConcurrentQueue<string> faults, CancellationToken over)
    {
        using var http = From(hub, new IPAddress([127, 0, 0, (byte)(reader % 2 == 0 ? 1 : 2 + (reader / 2 % 200))]));
        var rest = new byte[64 * 1024];
        try
        {
            for (var turn = reader; ; turn++)
            {
                var path = walks[turn % walks.Length];
                using var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, over);
                if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable)) faults.Enqueue($"{(int)answer.StatusCode} for {path}");
                await using var body = await answer.Content.ReadAsStreamAsync(over);
                for (var left = MostOfAStream; left > 0;)
                {
                    var bytes = await body.ReadAsync(rest, over);
                    left = bytes == 0 ? 0 : left - bytes;
                }

                var answered = answer.StatusCode == HttpStatusCode.OK;
                reads.AddOrUpdate(path, _ => answered ? (1, 0) : (0, 1), (_, count) => answered ? (count.Answered + 1, count.PutOff) : (count.Answered, count.PutOff + 1));
                if (!answered) await Task.Delay(Retry, TimeProvider.System, over);
            }
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The round is over.
        }
        catch (Exception ex)
        {
            faults.Enqueue(ex.Message);
        }
    }

    private static HttpClient From(Uri hub, IPAddress address) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(address, 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, hub.Port), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = hub,
    };

    private static async Task<Latencies> MeasureAsync(PourBook book, TimeSpan time, CancellationToken cancel)
    {
        book.Answers = new();
        await Task.Delay(time, TimeProvider.System, cancel);
        return book.Answers;
    }

    /// <summary>Judges by the median of the rounds' own ratios: the two halves of a round lie next to each other, so what else the machine does hits both.</summary>
    /// <param name="most">0: only says it.</param>
    private static void Compare(List<Latencies> without, List<Latencies> with, double part, double most, Verdict verdict)
    {
        Verdict.Say($"p{part * 100:0} of a post: without {Words(without)} ms; with {Words(with)} ms");
        var ratio = without.Zip(with, (a, b) => b.Percentile(part) / a.Percentile(part)).Order().ElementAt(without.Count / 2);
        if (most > 0) verdict.Check(ratio <= most, $"a post was answered (p{part * 100:0}) within {ratio:0.00} times that without readers; wanted {Target}, at most {most}");
        else Verdict.Say($"that is {ratio:0.00} times");

        string Words(List<Latencies> rounds) => string.Join(", ", rounds.Select(round => round.Percentile(part).ToString("0.0", CultureInfo.InvariantCulture)));
    }
}
