using System.Net.WebSockets;

namespace BeerTap.Server.Live;

/// <summary>A listener on a WebSocket. Its frames come ready-made and go past the socket, which has only control frames to write.</summary>
internal abstract class WebSocketSubscriber(FrameFormat format, FeedRequest request, SocketProgress progress)
    : Subscriber(format, request, format == FrameFormat.Json ? "WebSocket" : "plain text", progress)
{
    /// <summary>Receives until the connection is over: answers pings and closes.</summary>
    protected async Task ListenAsync(WebSocket socket, CancellationToken cancel)
    {
        // Made once the client speaks, which most never do.
        byte[]? buffer = null;
        try
        {
            while (true)
            {
                // An empty receive waits without holding the buffer's memory in the transport.
                var received = await socket.ReceiveAsync(Memory<byte>.Empty, cancel);
                if (received is { MessageType: not WebSocketMessageType.Close, EndOfMessage: false }) received = await socket.ReceiveAsync((buffer ??= new byte[256]).AsMemory(), cancel);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    // The client said goodbye: answered at once, the socket itself keeps this apart from a frame that is being sent.
                    if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
                    return;
                }

                Heard();
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException)
        {
            // The client went away without a close, or the hub cut it; either way the connection is over.
            socket.Abort();
        }
    }

    protected static Task CloseAsync(WebSocket socket, CloseReason reason) =>
        socket.CloseOutputAsync((WebSocketCloseStatus)reason.Code, reason.Name, CancellationToken.None);

    /// <summary>The client said something. The sub-protocol has no words for a client; what the original system's clients say is passed over, as it was there.</summary>
    private void Heard()
    {
        if (Format == FrameFormat.Json) RequestClose(CloseReason.ProtocolError);
    }
}
