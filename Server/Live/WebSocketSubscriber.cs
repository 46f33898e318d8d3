using System.Net.WebSockets;

namespace BeerTap.Server.Live;

/// <summary>A listener on a WebSocket.</summary>
internal abstract class WebSocketSubscriber(FrameFormat format, FeedRequest request, string transport, WebSocket socket, SocketProgress progress)
    : Subscriber(format, request, transport, progress)
{
    protected WebSocket Socket => socket;

    /// <summary>The client said something.</summary>
    public abstract void Heard();

    public override Task CloseAsync(CloseReason reason) =>
        socket.CloseOutputAsync((WebSocketCloseStatus)reason.Code, reason.Name, CancellationToken.None);

    public override void Abort() => socket.Abort();
}

/// <summary>Sub-protocol <c>beertap.v1</c>: all that the listener lacks goes out as one text message, its events separated by line feeds.</summary>
internal sealed class JsonSocketSubscriber(WebSocket socket, FeedRequest request, SocketProgress progress)
    : WebSocketSubscriber(FrameFormat.Json, request, "WebSocket", socket, progress)
{
    // The line feed behind the last event separates it from nothing.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) =>
        Socket.SendAsync(frames[..^1], WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    /// <summary>The sub-protocol has no words for a client.</summary>
    public override void Heard() => CloseRequested(CloseReason.ProtocolError);
}

/// <summary>The original system's plain text: one message for each event. What its clients say is passed over, as it was there.</summary>
internal sealed class TextSocketSubscriber(WebSocket socket, FeedRequest request, SocketProgress progress)
    : WebSocketSubscriber(FrameFormat.Text, request, "plain text", socket, progress)
{
    private const byte LineFeed = (byte)'\n';

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> frames)
    {
        while (frames.Length > 0)
        {
            var end = frames.Span.IndexOf(LineFeed);
            await Socket.SendAsync(frames[..end], WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            frames = frames[(end + 1)..];
        }
    }

    public override void Heard()
    {
    }
}
