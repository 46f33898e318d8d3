using BeerTap.Server.Beers;
using BeerTap.Server.Live;

namespace BeerTap.Server.Hosting;

/// <summary>How many listeners there may be, in all and from one address. One more is answered before it has cost anything: 503, come back later.</summary>
internal sealed class ListenerLimits(LimitOptions options)
{
    private readonly Lock _counting = new();
    private readonly Dictionary<UInt128, int> _byAddress = [];
    private int _all;

    /// <summary>How many listeners there are, and from how many addresses.</summary>
    public (int Listeners, int Addresses) Count
    {
        get { lock (_counting) return (_all, _byAddress.Count); }
    }

    public void Limit(WebApplication app)
    {
        if (options.Connections == 0 && options.ConnectionsPerAddress == 0) return;
        app.Use((http, next) => IsListener(http) ? Listen(http, next) : next(http));
    }

    // A listener is a request that goes on; SignalR's POSTs and DELETEs beside it do not.
    private static bool IsListener(HttpContext http) =>
        !HttpMethods.IsPost(http.Request.Method) && !HttpMethods.IsDelete(http.Request.Method) && http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is not null;

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

    private bool TryEnter(UInt128 address)
    {
        lock (_counting)
        {
            var fromHere = _byAddress.GetValueOrDefault(address);
            if (options.Connections > 0 && _all >= options.Connections) return false;
            if (options.ConnectionsPerAddress > 0 && fromHere >= options.ConnectionsPerAddress) return false;
            _all++;
            _byAddress[address] = fromHere + 1;
            return true;
        }
    }

    private void Leave(UInt128 address)
    {
        lock (_counting)
        {
            _all--;
            var left = _byAddress[address] - 1;
            if (left == 0) _byAddress.Remove(address);
            else _byAddress[address] = left;
        }
    }

    /// <summary>What a listener holds whose request is over.</summary>
    private sealed class Place(ListenerLimits limits, UInt128 address)
    {
        public void Leave() => limits.Leave(address);
    }
}
