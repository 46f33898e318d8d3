namespace BeerTap.Client.Load;

/// <summary>A load that cannot be done; the message is one line for the person who asked for it.</summary>
internal sealed class LoadException(string message) : Exception(message);

/// <summary>
/// Pours by a fixed schedule, whether or not the hub keeps up, and proves with listeners what was acknowledged. A latency counts
/// from the moment at which the pour was due, so a hub that stalls cannot hide the pours that it kept from being sent.
/// </summary>
internal sealed class LoadRun(LoadOptions options, TimeProvider time) : IDisposable
{
    /// <summary>While listeners connect: how long none of them may get further.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(15);

    /// <summary>After the last answer: how long no listener may hear anything new before what is missing is lost.</summary>
    private static readonly TimeSpan HearPatience = TimeSpan.FromSeconds(5);

    /// <summary>After all is heard: how long a pour that comes twice may take.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromMilliseconds(300);

    /// <summary>Pours that were due in time begin up to so long after the end: timers are not exact.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    /// <summary>After Ctrl-C: how long posts under way have.</summary>
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Timer = TimeSpan.FromMilliseconds(1);

    private const int MostConnecting = 128;

    private readonly PourBook _book = new(options, new PourNumbers(options.FirstTap, options.Taps, options.Pours, Random.Shared.Next(PourNumbers.Most)), time);
    private readonly Dictionary<FeedKind, Latencies> _heard = options.Feeds.ToDictionary(feed => feed, _ => new Latencies());
    private readonly List<LoadListener> _listeners = [];
    private readonly HubPlace _place = new(options.Server, options.ApiKey, options.Trusted, time);
    private readonly SemaphoreSlim _places = new(options.InFlight);
    private Exception? _fault;

    public PourBook Book => _book;

    public IReadOnlyList<LoadListener> Listeners => _listeners;

    /// <exception cref="LoadException">The hub is not there, takes no listeners, or does not let these taps pour.</exception>
    public async Task<LoadResult> RunAsync(CancellationToken asked)
    {
        using var http = new HubConnections(options.Server, options.ApiKey, options.InFlight);
        using var connecting = new SemaphoreSlim(MostConnecting);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(asked);
        using var giveUp = new CancellationTokenSource();
        using var hangUp = new CancellationTokenSource();
        await ReachAsync(http.Streams, asked);
        Listen(http.Streams, connecting);
        var listening = Task.WhenAll(_listeners.Select(listener => listener.Feed.RunAsync(hangUp.Token)));
        try
        {
            await ConnectedAsync(listening, asked);
            var api = new BeersApi(http.Posts, time, _place);
            await Task.Factory.StartNew(() => Pour(api, stop, giveUp.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            giveUp.CancelAfter(asked.IsCancellationRequested ? LastAnswers : Timeout.InfiniteTimeSpan);
            await using (asked.UnsafeRegister(static source => ((CancellationTokenSource)source!).CancelAfter(LastAnswers), giveUp))
            {
                await AnsweredAsync();
            }

            if (_fault is not null)
            {
                throw _fault;
            }

            await HeardAsync(listening);
        }
        finally
        {
            await hangUp.CancelAsync();
            await listening;
        }

        return LoadResult.Of(options, _book, _listeners, _heard, asked.IsCancellationRequested);
    }

    public void Dispose() => _places.Dispose();

    private async Task ReachAsync(HttpClient http, CancellationToken asked)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(asked);
        patience.CancelAfter(ConnectPatience);
        try
        {
            using var answer = await http.GetAsync("health/live", patience.Token);
        }
        catch (Exception fault) when (fault is HttpRequestException or OperationCanceledException)
        {
            var why = fault is OperationCanceledException ? "no answer in time" : fault.InnerException?.Message ?? fault.Message;
            throw new LoadException(asked.IsCancellationRequested ? "stopped before it began" : $"the hub at {options.Server} is not there: {ConsoleReport.Printable(why)}");
        }
    }

    private void Listen(HttpClient http, SemaphoreSlim connecting)
    {
        var hub = new HubSighting();
        var target = new FeedTarget(options.Server, TapId: null, After: null, options.ApiKey) { Place = _place };
        foreach (var kind in options.Feeds.SelectMany(kind => Enumerable.Repeat(kind, options.Listeners)))
        {
            var listener = new LoadListener(kind, _book, _heard[kind]);
            listener.Feed = kind switch
            {
                FeedKind.WebSocket => new WebSocketFeed(target, connecting, hub, listener, time),
                FeedKind.Sse => new SseFeed(http, target, connecting, hub, listener, time),
                _ => new SignalRFeed(target, connecting, hub, listener, time),
            };
            _listeners.Add(listener);
        }
    }

    // Whoever came too late would miss the first pours.
    private async Task ConnectedAsync(Task listening, CancellationToken asked)
    {
        var (connected, progress) = (0, time.GetTimestamp());
        while (_listeners.Find(listener => !listener.Feed.Listening) is { } away)
        {
            var connectedNow = _listeners.Count(listener => listener.Feed.Listening);
            if (connectedNow > connected)
            {
                (connected, progress) = (connectedNow, time.GetTimestamp());
            }

            if (time.GetElapsedTime(progress) >= ConnectPatience)
            {
                throw new LoadException($"only {connected} of {_listeners.Count} listeners could connect: {away.LastSaid}");
            }

            if (asked.IsCancellationRequested)
            {
                throw new LoadException("stopped before it began");
            }

            await LookAsync(listening);
        }
    }

    // On a thread of its own: a timer wakes nobody within 2 ms, and later when the pool is busy with what is heard.
    private void Pour(BeersApi api, CancellationTokenSource stop, CancellationToken giveUp)
    {
        _book.Start();
        try
        {
            for (var number = 0; number < options.Pours; number++)
            {
                for (var early = -_book.SinceDue(number); early > TimeSpan.Zero; early = -_book.SinceDue(number))
                {
                    stop.Token.WaitHandle.WaitOne(early > Timer ? early : Timer);
                    stop.Token.ThrowIfCancellationRequested();
                }

                // Nothing begins after the end: what the hub kept from being sent until then is told as not sent.
                var left = Grace - _book.SinceDue(options.Pours);
                stop.Token.ThrowIfCancellationRequested();
                if (!_places.Wait(TimeSpan.Zero, CancellationToken.None))
                {
                    _book.Wait();
                    if (left <= TimeSpan.Zero || !_places.Wait(left, stop.Token))
                    {
                        return;
                    }
                }

                _ = PostAsync(api, number, stop, giveUp);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Someone wants to go, or a fault ended it.
        }
    }

    private async Task PostAsync(BeersApi api, int number, CancellationTokenSource stop, CancellationToken giveUp)
    {
        try
        {
            var now = time.GetUtcNow();
            var pour = new Pour(_book.Numbers.TapOf(number), _book.Numbers.VolumeOf(number), Guid.CreateVersion7(now).ToString("N"), now.UtcDateTime);
            _book.Begin(number);
            var answer = new PourAnswer(Outcome.Away);
            try
            {
                answer = (await api.PostAsync([pour], giveUp))[0];
            }
            catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
            {
                // Not answered in the time that was left.
            }

            _book.Answer(number, answer);
            if (answer.Outcome == Outcome.NotAllowed)
            {
                throw new LoadException($"the hub does not let these taps pour ({answer.Words}): check --api-key or --api-key-file");
            }
        }
        catch (Exception fault)
        {
            // Told by the run, which ends with it.
            Interlocked.CompareExchange(ref _fault, fault, null);
            await stop.CancelAsync();
        }
        finally
        {
            _places.Release();
        }
    }

    // Whoever has all places is alone.
    private async Task AnsweredAsync()
    {
        for (var place = 0; place < options.InFlight; place++)
        {
            await _places.WaitAsync(CancellationToken.None);
        }
    }

    private async Task HeardAsync(Task listening)
    {
        var (heard, progress) = (-1L, time.GetTimestamp());
        while (_listeners.Exists(listener => listener.HeardPours.Count < _book.Acknowledged.Count || listener.Missing > 0) && time.GetElapsedTime(progress) < HearPatience)
        {
            var heardNow = _listeners.Sum(listener => listener.Feed.Tally.Heard);
            if (heardNow > heard)
            {
                (heard, progress) = (heardNow, time.GetTimestamp());
            }

            await LookAsync(listening);
        }

        await Task.WhenAny(listening, Task.Delay(_listeners.Count > 0 ? Afterwards : TimeSpan.Zero, time, CancellationToken.None));
    }

    // A feed that faulted is a fault in this program: it ends the run at once.
    private async Task LookAsync(Task listening)
    {
        if (listening.IsFaulted)
        {
            await listening;
        }

        await Task.Delay(LookInterval, time, CancellationToken.None);
    }
}
