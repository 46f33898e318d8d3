using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;

namespace BeerTap.Server.Live;

/// <summary>The live feed: brings committed batches into the event log and runs the pumps that serve all subscribers.</summary>
internal sealed class Feed : IDisposable
{
    /// <summary>The grain of comments and of cutting stalled connections.</summary>
    public static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1);

    private readonly EventLog _events;
    private readonly TapRegistry _taps;
    private readonly KeyedListeners _keyed;
    private readonly FeedMeter _meter;
    private readonly LiveOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Feed> _log;
    private readonly Pump[] _pumps;
    private readonly IDisposable _subscription;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile bool _stayed;
    private int _next;

    public Feed(
        BeerRepository repository, EventLog events, TapRegistry taps, KeyedListeners keyed, FeedMeter meter, ReadThreads threads, LiveOptions options, TimeProvider time,
        ILogger<Feed> log)
    {
        (_events, _taps, _keyed, _meter, _options, _time, _log) = (events, taps, keyed, meter, options, time, log);
        var pumps = options.Pumps > 0 ? options.Pumps : Environment.ProcessorCount;
        var catchUp = new CatchUp(events, repository, threads, options);
        _pumps = [.. Enumerable.Range(0, pumps).Select(_ => new Pump(events, catchUp, meter, options, time, log))];
        meter.Watch(_pumps, events);
        _events.Advanced += TellPumps;
        _subscription = repository.Subscribe(Tell);
        _running = Task.WhenAll([.. _pumps.Select(pump => pump.RunAsync(_stop.Token)), Task.Run(TickAsync)]);
    }

    /// <summary>Raised for each connection that begins to be served.</summary>
    internal event Action<Subscriber>? Joining;

    /// <summary>How many subscribers there are.</summary>
    public int Subscribers => _pumps.Sum(pump => pump.Count);

    /// <summary>How long ago the pump that is furthest behind last went round, which each does every second.</summary>
    public TimeSpan SinceRound => _pumps.Max(pump => _time.GetElapsedTime(pump.LastRound));

    /// <summary>The hub is stopping: whoever comes now is told to come back, or where to go.</summary>
    public bool Draining { get; private set; }

    /// <summary>Where listeners of a hub that stops are sent; null: back to its own address.</summary>
    public string? To { get; private set; }

    /// <summary>Whether nobody is taken any more, not even to be told where to go.</summary>
    public bool Refuses => Draining && (To is null || _stayed);

    /// <summary>
    /// Serves a connection until it is over, which <paramref name="connection"/> tells; then lets go of it. It is begun behind the join: what the
    /// client has said by then may ask for a close.
    /// </summary>
    public async Task ServeAsync<TSubscriber>(TSubscriber subscriber, Func<TSubscriber, Task> connection)
        where TSubscriber : Subscriber
    {
        if (!TryJoin(subscriber))
        {
            await subscriber.CloseAsync(CloseReason.NotAllowed);
            return;
        }

        try
        {
            await connection(subscriber);
        }
        finally
        {
            await LeaveAsync(subscriber);
        }
    }

    /// <summary>Begins to serve a connection, which must leave later; false, and nothing is done, when its key was revoked since it was authenticated.</summary>
    public bool TryJoin(Subscriber subscriber)
    {
        if (!_keyed.TryAdd(subscriber))
        {
            return false;
        }

        var pump = subscriber.Pump = _pumps[(uint)Interlocked.Increment(ref _next) % (uint)_pumps.Length];
        Log.Connected(_log, subscriber.Request.ToString(), subscriber.Transport, Subscribers + 1);
        if (subscriber.Request.TapId is { } tapId) _taps.Connected(tapId);
        _meter.Joined(subscriber);
        pump.Join(subscriber);
        _keyed.Joined(subscriber);
        Joining?.Invoke(subscriber);
        return true;
    }

    /// <summary>Lets go of a connection that is over.</summary>
    public async Task LeaveAsync(Subscriber subscriber)
    {
        _keyed.Left(subscriber);
        subscriber.Pump!.Leave(subscriber);
        await subscriber.Left;
        _meter.Left(subscriber);
        if (subscriber.Request.TapId is { } gone) _taps.Disconnected(gone);
        Log.Disconnected(_log, subscriber.Request.ToString(), subscriber.Transport, Subscribers);
    }

    /// <summary>The hub is about to stop. The first call decides where listeners are sent.</summary>
    /// <param name="to">The base URL that listeners may go to; null: they come back to this hub's address.</param>
    public void Leave(string? to)
    {
        lock (_pumps)
        {
            if (Draining) return;
            (To, Draining) = (to, true);
        }
    }

    /// <summary>
    /// Tells every subscriber to come back later and closes it; returns when all are gone or the time is up. Where it sends them elsewhere it stays for
    /// those who are away just now: as long as others are told to be.
    /// </summary>
    public async Task DrainAsync()
    {
        Leave(to: null);
        Log.Draining(_log, Subscribers);
        foreach (var pump in _pumps) pump.CloseAll(CloseReason.Draining, To);
        var began = _time.GetTimestamp();
        if (To is not null) await Task.Delay(_options.DrainSpread, _time, CancellationToken.None);
        _stayed = true;
        var stayed = _time.GetTimestamp();
        while (Subscribers > 0 && _time.GetElapsedTime(stayed) < _options.DrainTimeout)
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, CancellationToken.None);
        Log.Drained(_log, Subscribers, _time.GetElapsedTime(began).TotalSeconds);
        foreach (var pump in _pumps) pump.CutAll();
    }

    public void Dispose()
    {
        _subscription.Dispose();
        _events.Advanced -= TellPumps;
        _stop.Cancel();
        _running.ContinueWith(static (_, stop) => ((CancellationTokenSource)stop!).Dispose(), _stop, TaskScheduler.Default);
    }

    private void Tell(CommittedBatch batch)
    {
        var broadcast = Broadcast.Begin(batch, _pumps.Length, () => Subscribers);
        _events.Append(batch);
        if (broadcast is null) return;
        foreach (var pump in _pumps) pump.News(broadcast);
    }

    private void TellPumps()
    {
        foreach (var pump in _pumps) pump.News();
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickEvery, _time);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            foreach (var pump in _pumps) pump.Tick();
        }
    }
}
