using System.Net.WebSockets;

namespace BeerTap.Server.Live;

/// <summary>A listener on a WebSocket whose request goes on as long as it does: over HTTP/2, and over TLS.</summary>
internal sealed class RequestSocketSubscriber(FrameFormat format, FeedRequest request, WebSocket socket, Wire wire, SocketProgress progress)
    : WebSocketSubscriber(format, request, progress)
{
    public Task ListenAsync(CancellationToken cancel) => ListenAsync(socket, cancel);

    // Nothing comes after the hub's own close.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) => socket.State is WebSocketState.Open or WebSocketState.CloseReceived
        ? wire.WriteFramesAsync(frames)
        : ValueTask.FromException(new WebSocketException(WebSocketError.InvalidState));

    public override Task CloseAsync(CloseReason reason) => CloseAsync(socket, reason);

    public override void Abort() => socket.Abort();
}
