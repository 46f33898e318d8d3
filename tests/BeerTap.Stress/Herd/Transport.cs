using System.Text;

namespace BeerTap.Stress.Herd;

/// <summary>How a listener of the herd opens its connection.</summary>
internal sealed record Transport(string Name, string Path, string Headers, string Hello, Func<Payload> Payload)
{
    private const string Upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    public static readonly Transport SignalR = new("SignalR", "/hubs/taps", Upgrade, "{\"protocol\":\"json\",\"version\":1}\u001e", () => new WebSocketPayload());
    public static readonly Transport WebSocket = new("WebSocket", "/sockets/beers", Upgrade + "Sec-WebSocket-Protocol: beertap.v1\r\n", "", () => new WebSocketPayload());
    public static readonly Transport Sse = new("SSE", "/api/events/stream", "", "", () => new ChunkedPayload());

    public static readonly Transport[] All = [SignalR, WebSocket, Sse];

    public byte[] Opening(Uri hub, string? after) => Encoding.ASCII.GetBytes(
        $"GET {Path}{(after is null ? "" : $"?after={after}")} HTTP/1.1\r\nHost: {hub.Authority}\r\n{Headers}\r\n");

    /// <summary>A text message as a client sends it: masked, here with a mask of zeros.</summary>
    public static byte[] Message(string text) => [0x81, (byte)(0x80 | text.Length), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];

    public static byte[] Pong(ReadOnlySpan<byte> payload) => [0x8a, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload];
}
