namespace BeerTap.Bench.Load;

internal enum Framing
{
    /// <summary>Frames of a WebSocket.</summary>
    WebSocket,

    /// <summary>Frames of a WebSocket, after SignalR's own greeting.</summary>
    SignalR,

    /// <summary>An answer that does not end (Server-Sent Events).</summary>
    Stream,
}

/// <summary>How to listen to a server, and what it says.</summary>
/// <param name="Greeting">What a listener hears once it is in; null: the answer to the upgrade says so.</param>
/// <param name="Needle">What stands before the number of a pour: its volume, or an id.</param>
internal sealed record Feed(string Name, string Path, Framing Framing, string? SubProtocol, string? Greeting, string Needle = "\"volume\":")
{
    /// <summary>Ids count from wherever they did; volumes from 100 ml.</summary>
    public bool SaysIds => Needle != "\"volume\":";
}
