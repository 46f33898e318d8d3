using System.CommandLine;
using System.Diagnostics;
using System.Text;
using BeerTap.Processes;
using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Scenarios;

/// <summary>Many <c>EventSource</c>s as browsers have them, while their hub is stopped, or killed, and started again, time after time.</summary>
internal sealed class RestartEventSource : Scenario
{
    /// <summary>
    /// Retry times are spread over the whole time that the drain may take, so that many come back into it. A listener that does not close its side makes
    /// each drain last for <see cref="DrainTimeoutMs"/>.
    /// </summary>
    private const int SpreadMs = 1_000, DrainTimeoutMs = 1_000;

    private readonly Option<int> _sources, _restarts, _killEvery, _rate;

    public RestartEventSource()
        : base("restart-eventsource", "every EventSource of a browser comes back after every restart of the hub, and hears every position once")
    {
        _sources = Number("--sources", "How many listen", 200);
        _restarts = Number("--restarts", "How often the hub is restarted", 12);
        _killEvery = Number("--kill-every", "One in so many restarts is a kill instead of a stop", 5);
        _rate = Number("--rate", "Pours a second", 20);
    }

    public override async Task RunAsync(ParseResult options, Verdict verdict, CancellationToken cancel)
    {
        var (restarts, killEvery) = (options.Of(_restarts), Math.Max(1, options.Of(_killEvery)));
        await using var hub = new HubProcess(
            $"--Live:DrainSpread={TimeSpan.FromMilliseconds(SpreadMs)}", $"--Live:DrainTimeout={TimeSpan.FromMilliseconds(DrainTimeoutMs)}");
        await hub.StartAsync();
        var book = new PourBook();
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = Timeout.InfiniteTimeSpan };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var sources = Enumerable.Range(0, options.Of(_sources)).Select(_ => new Source(http, hub.Address, book)).ToList();
        var listening = sources.ConvertAll(source => source.Client.RunAsync(stop.Token));
        try
        {
            await BackAsync(sources, welcomes: sources.ConvertAll(_ => 0), cancel);
            await using var pourers = new Pourers(hub.Address, book);
            pourers.Start(options.Of(_rate));
            var (codes, longest, dead) = (new List<int>(), TimeSpan.Zero, 0);
            for (var restart = 1; restart <= restarts && dead == 0; restart++)
            {
                var welcomes = sources.ConvertAll(source => source.Heard.Welcomes);
                if (restart % killEvery == 0)
                {
                    await hub.KillAsync();
                }
                else
                {
                    await using var stuck = new Listeners([new Listener(hub.Address, Transport.WebSocket, book) { BytesPerSecond = 0 }]);
                    await stuck.ConnectAsync(() => null, cancel);
                    codes.Add(await hub.StopAsync());
                }

                await hub.StartAsync();
                var started = Stopwatch.GetTimestamp();
                await BackAsync(sources, welcomes, cancel);
                longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(started).Ticks));
                dead = sources.Count(source => source.Client.Failed is not null);
            }

            var first = sources.Find(source => source.Client.Failed is not null)?.Client.Failed;
            verdict.Check(dead == 0, $"{sources.Count - dead} of {sources.Count} EventSources live after {restarts} restarts{(first is null ? "" : $"; one met {first}")}");
            verdict.Check(codes.TrueForAll(code => code == 0), $"the hub ended with 0 at each of {codes.Count} stops");
            var putOff = sources.Sum(source => source.PutOff);
            verdict.Check(putOff > 0, $"{putOff} times one came back into a drain and was put off; all were back at most {longest.TotalSeconds:0.0} s after a start");
            await pourers.StopAsync(cancel);
            using var reading = new HttpClient { BaseAddress = hub.Address };
            var (head, fault) = await book.CompareAsync(reading, cancel);
            verdict.Check(fault is null && head == book.Count, $"{book.Count:N0} pours acknowledged, {head:N0} stored, each once{(fault is null ? "" : ": " + fault)}");
            await CheckHeardAllAsync(sources, head, verdict, cancel);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(listening);
        }
    }

    /// <summary>Waits until each has been welcomed again, or is over for good.</summary>
    private static async Task BackAsync(List<Source> sources, List<int> welcomes, CancellationToken cancel) => await Until.IsSoAsync(
        () => Task.FromResult(sources.Index().All(source => source.Item.Client.Failed is not null || source.Item.Heard.Welcomes > welcomes[source.Index])),
        "all EventSources are back",
        TimeSpan.FromSeconds(30),
        cancel);

    private static async Task CheckHeardAllAsync(List<Source> sources, long head, Verdict verdict, CancellationToken cancel)
    {
        await Until.IsSoAsync(
            () => Task.FromResult(sources.TrueForAll(source => source.Heard.Seq >= head || source.Heard.Fault is not null || source.Client.Failed is not null)),
            "all have heard the last position",
            TimeSpan.FromSeconds(30),
            cancel);
        var wrong = sources.Where(source => source.Heard.Fault is not null || source.Heard.Seq != head).ToList();
        foreach (var source in wrong.Take(3))
        {
            Verdict.Say($"at {source.Heard.Position} of {head}: {source.Heard.Fault ?? source.Client.Failed ?? "did not get further"}");
        }

        verdict.Check(wrong.Count == 0, $"{sources.Count - wrong.Count} of {sources.Count} heard every position to {head} once and in order");
    }

    /// <summary>One EventSource and what it heard.</summary>
    private sealed class Source
    {
        private readonly PourBook _book;
        private bool _welcomed;

        public Source(HttpClient http, Uri hub, PourBook book)
        {
            _book = book;
            Heard = new EventScanner((byte)'\n', (_, record) => EventScanner.VolumeOf(record) is { } volume && PourBook.NumberOf(volume) is >= 0 and var number && number < _book.Count);
            Client = new EventSourceClient(http, new Uri(hub, Transport.Sse.Path), Hear);
        }

        public EventSourceClient Client { get; }

        public EventScanner Heard { get; }

        /// <summary>How often it was given <c>closing</c> without a welcome before.</summary>
        public int PutOff { get; private set; }

        private void Hear(string data)
        {
            var isClosing = data.Contains("\"event\":\"closing\"", StringComparison.Ordinal);
            if (isClosing && !_welcomed)
            {
                PutOff++;
            }

            _welcomed = !isClosing;
            Heard.Add(Encoding.UTF8.GetBytes(data), ends: true);
        }
    }
}
