using System.Net.WebSockets;

namespace BeerTap.Server.Live;

/// <summary>A listener on a WebSocket. Its frames come ready-made and go past the socket, which has only control frames to write.</summary>
internal sealed class WebSocketSubscriber(FrameFormat format, FeedRequest request, WebSocket socket, Wire wire, SocketProgress progress)
    : Subscriber(format, request, format == FrameFormat.Json ? "WebSocket" : "plain text", progress)
{
    // Nothing comes after the hub's own close.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) => socket.State is WebSocketState.Open or WebSocketState.CloseReceived
        ? wire.WriteFramesAsync(frames)
        : ValueTask.FromException(new WebSocketException(WebSocketError.InvalidState));

    /// <summary>The client said something. The sub-protocol has no words for a client; what the original system's clients say is passed over, as it was there.</summary>
    public void Heard()
    {
        if (Format == FrameFormat.Json) CloseRequested(CloseReason.ProtocolError);
    }

    public override Task CloseAsync(CloseReason reason) =>
        socket.CloseOutputAsync((WebSocketCloseStatus)reason.Code, reason.Name, CancellationToken.None);

    public override void Abort() => socket.Abort();
}
