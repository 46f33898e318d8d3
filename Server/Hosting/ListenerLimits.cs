using BeerTap.Server.Beers;
using BeerTap.Server.Live;

namespace BeerTap.Server.Hosting;

/// <summary>How many listeners there may be, in all and from one address. One more is answered before it has cost anything: 503, come back later.</summary>
/// <remarks>
/// A listener over WebSocket or SSE has its place as long as its request or its bare connection. A SignalR connection has it until it ends
/// (<see cref="TapHubDoor"/>): over long polling its requests come and go. Those that were negotiated and not opened have limits of their own, because SignalR
/// keeps them meanwhile and does not say when it gives one up.
/// </remarks>
internal sealed class ListenerLimits(LimitOptions options, ConnectionGate gate, TimeProvider time)
{
    /// <summary>SignalR gives up a connection that is not opened after this time, and looks once a second.</summary>
    private static readonly TimeSpan KeptUnopened = TapHubRoutes.LongestSilence + TimeSpan.FromSeconds(2);

    private readonly Lock _counting = new();
    private readonly Dictionary<UInt128, int> _byAddress = [];
    private readonly Dictionary<UInt128, Queue<long>> _negotiated = [];
    private readonly HashSet<string> _polled = new(StringComparer.Ordinal);
    private readonly int _most = Descriptors.ListenersOf(options, gate.Most);
    private int _all;
    private int _unopened;

    /// <summary>How many listeners there are, and from how many addresses.</summary>
    public (int Listeners, int Addresses) Count
    {
        get { lock (_counting) return (_all, _byAddress.Count); }
    }

    public void Limit(WebApplication app) => app.Use((http, next) =>
        http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is null ? next(http)
        : !http.Request.Path.StartsWithSegments(TapHub.Path, StringComparison.OrdinalIgnoreCase, out var rest) ? Listen(http, next)
        : HttpMethods.IsPost(http.Request.Method) && rest.StartsWithSegments("/negotiate", StringComparison.OrdinalIgnoreCase) ? Negotiate(http, next)
        : MayGoOn(http) ? next(http)
        : new RefusalResult(Refusals.TooManyConnections()).ExecuteAsync(http));

    /// <summary>A negotiated connection is opened.</summary>
    /// <param name="address">Where it comes from, which may be another address than it was negotiated from.</param>
    /// <param name="token">What its requests are known by.</param>
    /// <param name="polls">It comes again with each poll, and then needs no place more.</param>
    public void Open(UInt128 address, string token, bool polls)
    {
        lock (_counting)
        {
            Open(address);
            if (polls) _polled.Add(token);
        }
    }

    /// <summary>A connection that was opened is over.</summary>
    public void Close(string token)
    {
        lock (_counting) _polled.Remove(token);
    }

    /// <summary>Takes a place; false when there is none.</summary>
    public bool TryEnter(UInt128 address)
    {
        lock (_counting)
        {
            if (!HasRoom(address)) return false;
            _all++;
            _byAddress[address] = _byAddress.GetValueOrDefault(address) + 1;
            return true;
        }
    }

    public void Leave(UInt128 address)
    {
        lock (_counting)
        {
            _all--;
            var left = _byAddress[address] - 1;
            if (left == 0) _byAddress.Remove(address);
            else _byAddress[address] = left;
        }
    }

    private async Task Listen(HttpContext http, RequestDelegate next)
    {
        var address = CallerAddress.Of(http);
        if (!TryEnter(address))
        {
            await new RefusalResult(Refusals.TooManyConnections()).ExecuteAsync(http);
            return;
        }

        try
        {
            await next(http);
        }
        finally
        {
            if (BareConnection.TakenBy(http) is { } connection) connection.AtEnd(new Place(this, address).Leave);
            else Leave(address);
        }
    }

    private async Task Negotiate(HttpContext http, RequestDelegate next)
    {
        var address = CallerAddress.Of(http);
        if (!TryNegotiate(address))
        {
            await new RefusalResult(Refusals.TooManyConnections()).ExecuteAsync(http);
            return;
        }

        await next(http);
        if (http.Response.StatusCode == StatusCodes.Status200OK) return;
        lock (_counting) Open(address);
    }

    private bool TryNegotiate(UInt128 address)
    {
        lock (_counting)
        {
            ForgetOld();
            var here = _negotiated.GetValueOrDefault(address);
            if (_unopened >= options.Negotiations || here?.Count >= options.NegotiationsPerAddress || !HasRoom(address)) return false;
            if (here is null) _negotiated[address] = here = new Queue<long>();
            here.Enqueue(time.GetTimestamp());
            _unopened++;
            return true;
        }
    }

    /// <summary>Whether a request for a SignalR connection is a poll of one that has its place, or there is a place for it.</summary>
    private bool MayGoOn(HttpContext http)
    {
        lock (_counting) return HasRoom(CallerAddress.Of(http)) || _polled.Contains(http.Request.Query["id"].ToString());
    }

    private bool HasRoom(UInt128 address) =>
        _all < _most && (options.ConnectionsPerAddress == 0 || _byAddress.GetValueOrDefault(address) < options.ConnectionsPerAddress);

    /// <summary>The oldest of this address, else of any, does not wait any more.</summary>
    private void Open(UInt128 address)
    {
        if (_unopened == 0) return;
        if (!_negotiated.TryGetValue(address, out var here)) (address, here) = _negotiated.MinBy(waiting => waiting.Value.Peek());
        here.Dequeue();
        _unopened--;
        if (here.Count == 0) _negotiated.Remove(address);
    }

    /// <summary>At most as many addresses are looked at as connections may wait.</summary>
    private void ForgetOld()
    {
        foreach (var (address, here) in _negotiated)
        {
            while (here.TryPeek(out var at) && time.GetElapsedTime(at) > KeptUnopened)
            {
                here.Dequeue();
                _unopened--;
            }

            if (here.Count == 0) _negotiated.Remove(address);
        }
    }

    /// <summary>What a listener holds whose request is over.</summary>
    private sealed class Place(ListenerLimits limits, UInt128 address)
    {
        public void Leave() => limits.Leave(address);
    }
}
