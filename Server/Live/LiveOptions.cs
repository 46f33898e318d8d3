using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Live;

/// <summary>How events reach subscribers (<c>Live</c>).</summary>
internal sealed class LiveOptions
{
    public const string Section = "Live";

    /// <summary>How many of the newest events are kept in memory, ready to send (about 1 KB each); older ones are read from the store.</summary>
    [Range(64, 4 * 1024 * 1024)]
    public int RingEvents { get; set; } = 16_384;

    /// <summary>How many loops share the subscribers; 0 means one for each processor.</summary>
    [Range(0, 256)]
    public int Pumps { get; set; }

    /// <summary>How many events a subscriber that fell behind the ring reads from the store at a time.</summary>
    [Range(1, 10_000)]
    public int PageEvents { get; set; } = 200;

    /// <summary>A connection that takes nothing for this long is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a quiet SSE stream carries a comment, so that proxies keep it open.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SseComment { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a quiet WebSocket carries a heartbeat; a SignalR client that is silent for twice as long is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Ping { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>On a stop, clients are told to come back at times spread over this long, so that they do not all come at once. A hub that sends them elsewhere stays as long.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainSpread { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>On a stop, how long closing words may take to be written before connections are cut.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
