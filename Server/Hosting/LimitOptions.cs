using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Hosting;

/// <summary>How much one caller, and all of them, may ask of the hub (<c>Limits</c>); 0 means no limit where it is allowed.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Requests a second with one key; one more is answered 429. A tap that is never idle pours a few a second.</summary>
    [Range(0, 10_000_000)]
    public int RequestsPerKey { get; set; } = 1_000;

    /// <summary>
    /// Requests a second from one address (of IPv6 one network of 64 bits). No limit by default: behind a proxy, and behind the router of a bar,
    /// everybody has the same address.
    /// </summary>
    [Range(0, 10_000_000)]
    public int RequestsPerAddress { get; set; }

    /// <summary>Listeners at the same time; one more is answered 503. Each holds 8 KB (WebSocket, SSE) to 25 KB (SignalR); over TLS more.</summary>
    [Range(0, 10_000_000)]
    public int Connections { get; set; } = 20_000;

    /// <summary>Listeners at the same time from one address; no limit by default, as for requests.</summary>
    [Range(0, 10_000_000)]
    public int ConnectionsPerAddress { get; set; }

    /// <summary>
    /// Connections that are open at the same time, whether or not they send anything; one more is closed at once. By default, and at most, the process's limit of
    /// open files less 400.
    /// </summary>
    [Range(0, 10_000_000)]
    public int OpenConnections { get; set; }

    /// <summary>Open connections from one address; no limit by default, as for requests.</summary>
    [Range(0, 10_000_000)]
    public int OpenConnectionsPerAddress { get; set; }

    /// <summary>SignalR connections that were negotiated and not opened yet; one more is answered 503. Each is kept for 15 s.</summary>
    [Range(1, 1_000_000)]
    public int Negotiations { get; set; } = 2_000;

    /// <summary>Negotiated and not opened connections from one address.</summary>
    [Range(1, 1_000_000)]
    public int NegotiationsPerAddress { get; set; } = 500;

    /// <summary>
    /// Taps that may have poured; a pour of one more, and a listener that names one more, is answered 507. Taps that have poured go on. Each takes about
    /// 300 bytes of memory. It is what this hub takes in: pours from other hubs of a shared log are applied all the same.
    /// </summary>
    [Range(0, 10_000_000)]
    public int Taps { get; set; } = 100_000;

    /// <summary>
    /// Lists, pages of the log and totals over time that are asked for at the same time, whether they wait, are read or are being sent; one more is
    /// answered 503. Each may hold 250 KB.
    /// </summary>
    [Range(0, 100_000)]
    public int Reads { get; set; } = 256;

    /// <summary>The same from one address (of IPv6 one network of 64 bits). However many there are, the reads of other addresses take turns with them.</summary>
    [Range(0, 100_000)]
    public int ReadsPerAddress { get; set; } = 64;

    /// <summary>Headers of one request; more are answered 431.</summary>
    [Range(10, 1_000)]
    public int HeaderCount { get; set; } = 100;

    /// <summary>Bytes of all headers of one request; more are answered 431.</summary>
    [Range(1_024, 1024 * 1024)]
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>How long a request may take to send its headers; then it is answered 408 and cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may be kept between two requests.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>A body that comes more slowly than so many bytes a second, 5 s after its start, is answered 408 and cut.</summary>
    [Range(0, 1024 * 1024)]
    public int BodyBytesPerSecond { get; set; } = 240;
}
