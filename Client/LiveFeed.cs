using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json;

namespace BeerTap.Client;

/// <summary>Where a feed listens, and for which tap; without one it only watches.</summary>
/// <param name="Tells">Whether it tells what it hears: of the feeds of a process one does, the others count and tell faults.</param>
internal sealed record FeedTarget(Uri Server, int? TapId, string? After, string? ApiKey, bool Tells = true)
{
    /// <summary>Where the hub is now; shared by all feeds and senders that follow it together.</summary>
    public HubPlace Place { get; init; } = new(Server, ApiKey, [], TimeProvider.System);

    public HubKey Key { get; init; } = new(ApiKey, file: null);
}

/// <summary>The hub answered the attempt to listen with an HTTP status instead of a feed.</summary>
internal sealed class FeedRefusedException(HttpStatusCode status, TimeSpan? retryAfter) : IOException(
    string.Create(CultureInfo.InvariantCulture, $"the hub answers {(int)status} {status}"))
{
    public bool NotAllowed => status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    public TimeSpan? RetryAfter => retryAfter;
}

/// <summary>
/// Listens to the hub for one tap, without end: every lost connection is made again from the last position heard, so
/// that nothing is missed and nothing comes twice. How the events travel is up to the three kinds of feed.
/// </summary>
/// <param name="connecting">Lets only so many feeds of this process connect at the same time.</param>
internal abstract class LiveFeed(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, IReport report, TimeProvider time)
{
    /// <summary>A connection on which no welcome comes for this long is given up.</summary>
    private static readonly TimeSpan WelcomePatience = TimeSpan.FromSeconds(15);

    /// <summary>How long the hub has to close a connection it, or we, called closed.</summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    /// <summary>A connection that lived this long was a good one: the next attempt starts with short waits again.</summary>
    private static readonly TimeSpan GoodLife = TimeSpan.FromSeconds(5);

    private readonly Backoff _backoff = new(Random.Shared);
    private readonly Pauses _pauses = new(hub, Random.Shared, time);
    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the one connection there is at a time.
    private Attempt _attempt = null!;
    private bool _everWelcomed;
    private bool _saidLost;
    private volatile bool _listening;

    public FeedTally Tally { get; } = new(target.After);

    /// <summary>Completes with the first welcome, or when the first try to get one failed.</summary>
    public Task FirstTry => _firstTry.Task;

    /// <summary>Whether there is a connection on which the hub said welcome.</summary>
    public bool Listening => _listening;

    protected bool Tells => target.Tells;

    private string Name => target.TapId is { } tap ? string.Create(CultureInfo.InvariantCulture, $"the feed of tap {tap}") : "the feed";

    /// <summary>Scheme (http or ws) and path of this kind of feed.</summary>
    protected abstract (string Scheme, string Path) Endpoint { get; }

    /// <summary>
    /// Connects and passes on every event to <see cref="Hear"/> until the hub closes the connection, then returns.
    /// When <paramref name="stopping"/> is cancelled it closes the connection; <paramref name="abort"/> ends everything.
    /// </summary>
    protected abstract Task ListenAsync(Uri address, CancellationToken stopping, CancellationToken abort);

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var pause = await TryAsync(stopping);
                await _pauses.WaitAsync(pause, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Hears an event as it is on the wire, one JSON object.</summary>
    protected void Hear(ReadOnlySpan<byte> json) => Hear(Read(json) ?? throw new InvalidDataException("null came for an event"));

    protected void Hear(FeedEvent heard)
    {
        _attempt.Patience.CancelAfter(Timeout.InfiniteTimeSpan);
        var step = Tally.Take(heard);
        if (step == FeedStep.Gap)
        {
            report.Say($"GAP in {Name}: {heard.Position} came, and what was before it did not");
        }
        else if (step == FeedStep.Duplicate)
        {
            report.Say($"DUPLICATE in {Name}: {heard.Position} came again");
            return;
        }

        switch (heard.Event)
        {
            case FeedEvent.Welcome:
                Greet(heard);
                break;
            case FeedEvent.Reload:
                Tell($"the hub has another log than before: going on from {Tally.Last}");
                break;
            case FeedEvent.Closing:
                _attempt.Closing = heard;
                if (heard.To is { } to)
                {
                    Tell(target.Place.Follow(to)
                        ? $"the hub sends its listeners to {ConsoleReport.Printable(to)}"
                        : $"the hub sends its listeners to {ConsoleReport.Printable(to)}; not following, since the key may not go there: see --trust");
                }

                _attempt.Farewell.CancelAfter(ClosePatience);
                break;
            default:
                if (Tells)
                {
                    report.Heard(heard);
                }

                break;
        }
    }

    private FeedEvent? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return Tells
                ? JsonSerializer.Deserialize(json, ClientJson.Default.FeedEvent)
                : JsonSerializer.Deserialize(json, ClientJson.Default.CountedEvent)?.ToEvent();
        }
        catch (JsonException) when (JsonSerializer.Deserialize(json, ClientJson.Default.EventHead) is { } head && !FeedEvent.Names.Contains(head.Event))
        {
            // A later kind may use the name of a field that is known here for something else.
            return head.ToEvent();
        }
    }

    private async Task<Pause> TryAsync(CancellationToken stopping)
    {
        await connecting.WaitAsync(stopping);
        using var patience = new CancellationTokenSource(WelcomePatience, time);
        using var farewell = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, farewell.Token);
        using var hurry = stopping.UnsafeRegister(static source => ((CancellationTokenSource)source!).CancelAfter(ClosePatience), farewell);
        _attempt = new Attempt(patience, farewell, connecting, time.GetTimestamp(), target.Place.Now);
        try
        {
            await ListenAsync(Address(_attempt.Place), stopping, abort.Token);
            stopping.ThrowIfCancellationRequested();
            return Lost("the hub closed the connection", null);
        }
        catch (Exception fault) when (IsOfTheConnection(fault))
        {
            stopping.ThrowIfCancellationRequested();
            return Lost(fault is OperationCanceledException ? "nothing came in time" : fault.Message, fault);
        }
        finally
        {
            _listening = false;
            _attempt.GiveBackPlace();
        }
    }

    private void Greet(FeedEvent welcome)
    {
        _attempt.Welcomed(time.GetTimestamp());
        hub.Reached(_attempt.Began);
        target.Place.Reached(_attempt.Place);
        Tell(_everWelcomed ? $"the feed is back, resumed after {Tally.Last}" : $"listening from {Tally.Last}");
        _everWelcomed = true;
        _listening = true;
        _saidLost = false;
        _firstTry.TrySetResult();
    }

    // Says so once until the next welcome, and returns how long to wait.
    private Pause Lost(string why, Exception? fault)
    {
        var closing = _attempt.Closing;
        var pause = (closing, fault) switch
        {
            ({ RetryAfterMs: >= 0 and { } retry }, _) => new Pause(_backoff.AtLeast(TimeSpan.FromMilliseconds(Math.Min(retry, int.MaxValue))), Asked: true),
            // The two reasons after which the hub asks not to be tried again: only a person can change that.
            ({ Reason: "notAllowed" or "protocolError" }, _) or (_, FeedRefusedException { NotAllowed: true }) => new Pause(_backoff.NotAllowed(), Asked: true),
            (_, FeedRefusedException { RetryAfter: { } retry }) => new Pause(_backoff.AtLeast(retry), Asked: true),
            _ => new Pause(_backoff.Next(), Asked: false),
        };
        if ((closing is { Reason: "notAllowed" } || fault is FeedRefusedException { NotAllowed: true }) && target.Key.Reread())
        {
            pause = new Pause(_backoff.Next(), Asked: false);
        }

        if (_attempt.WelcomedAt is { } since && time.GetElapsedTime(since) >= GoodLife)
        {
            _backoff.Reset();
        }

        if (_attempt.WelcomedAt is null)
        {
            target.Place.Missed(_attempt.Place);
        }

        if (closing?.RetryAfterMs is not null)
        {
            _backoff.Widen();
        }

        if (!_saidLost)
        {
            _saidLost = true;
            var reason = ConsoleReport.Printable(closing is null ? why : $"the hub says: {closing.Reason ?? "closing"}");
            var hint = fault is FeedRefusedException { NotAllowed: true } ? ": check --api-key" : "";
            Tell($"{(_attempt.WelcomedAt is null ? "no feed yet" : "feed lost")} ({reason}){hint}; trying until it is there");
        }

        _firstTry.TrySetResult();
        return pause;
    }

    private void Tell(string text)
    {
        if (Tells)
        {
            report.Say(text);
        }
    }

    private Uri Address(Uri server)
    {
        var (scheme, path) = Endpoint;
        var query = new List<string>();
        if (target.TapId is { } tap)
        {
            query.Add(string.Create(CultureInfo.InvariantCulture, $"tapId={tap}"));
        }

        if ((Tally.Last?.ToString() ?? target.After) is { } after)
        {
            query.Add($"after={Uri.EscapeDataString(after)}");
        }

        // A browser's socket cannot set headers, so the hub takes the key of a socket from its address.
        if (scheme == "ws" && target.Key.Current is { } key)
        {
            query.Add($"access_token={Uri.EscapeDataString(key)}");
        }

        var secure = server.Scheme == Uri.UriSchemeHttps ? "s" : "";
        return new UriBuilder(new Uri(server, path)) { Scheme = scheme + secure, Port = server.Port, Query = string.Join('&', query) }.Uri;
    }

    // All that a network, a proxy or a hub can do to a connection. Anything else is a fault in this program and ends it.
    private static bool IsOfTheConnection(Exception fault) => fault
        is IOException or HttpRequestException or WebSocketException or InvalidDataException or JsonException or OperationCanceledException or TimeoutException;

    private sealed class Attempt(CancellationTokenSource patience, CancellationTokenSource farewell, SemaphoreSlim connecting, long began, Uri place)
    {
        private int _gaveBack;

        public long Began => began;

        public Uri Place => place;

        /// <summary>Runs out when no event comes.</summary>
        public CancellationTokenSource Patience => patience;

        /// <summary>Runs out when a connection that one side called closed does not close.</summary>
        public CancellationTokenSource Farewell => farewell;

        public FeedEvent? Closing { get; set; }

        public long? WelcomedAt { get; private set; }

        public void Welcomed(long timestamp)
        {
            WelcomedAt = timestamp;
            GiveBackPlace();
        }

        /// <summary>Lets another feed connect; counts once.</summary>
        public void GiveBackPlace()
        {
            if (Interlocked.Exchange(ref _gaveBack, 1) == 0)
            {
                connecting.Release();
            }
        }
    }
}
