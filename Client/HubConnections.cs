namespace BeerTap.Client;

/// <summary>The HTTP connections of all taps of this process.</summary>
internal sealed class HubConnections : IDisposable
{
    /// <summary>More posts at the same time would only queue in the hub instead of here.</summary>
    private const int MostPosts = 256;

    public HubConnections(Uri server, string? apiKey, int mostPosts = MostPosts)
        : this(server, new HubKey(apiKey, file: null), mostPosts)
    {
    }

    public HubConnections(Uri server, HubKey key, int mostPosts = MostPosts)
    {
        Posts = Client(server, key, BeersApi.Patience, mostPosts);
        Streams = Client(server, key, Timeout.InfiniteTimeSpan, int.MaxValue);
    }

    public HttpClient Posts { get; }

    /// <summary>For answers without an end: no limit on their number or their time.</summary>
    public HttpClient Streams { get; }

    public void Dispose()
    {
        Posts.Dispose();
        Streams.Dispose();
    }

    private static HttpClient Client(Uri server, HubKey key, TimeSpan timeout, int mostConnections)
    {
        var handler = new SocketsHttpHandler
        {
            // A redirect would turn a POST into a GET; whoever set the address should hear of it instead.
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxConnectionsPerServer = mostConnections,

            // The hub's name may come to mean another machine.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            UseCookies = false,
        };
        return new HttpClient(new KeyHandler(key, handler)) { BaseAddress = server, Timeout = timeout };
    }
}
