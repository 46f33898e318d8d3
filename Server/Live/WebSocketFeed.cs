using System.Net.WebSockets;
using BeerTap.Server.Beers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace BeerTap.Server.Live;

/// <summary>The feed over plain WebSocket: <c>/sockets/beers</c>.</summary>
internal static class WebSocketFeed
{
    public const string Path = "/sockets/beers";
    public const string SubProtocol = "beertap.v1";

    public static void MapWebSocketFeed(this IEndpointRouteBuilder routes) => routes
        .MapMethods(Path, [HttpMethods.Get, HttpMethods.Connect], Connect) // CONNECT: WebSocket over HTTP/2, RFC 8441
        .Listens()
        .ExcludeFromDescription();

    /// <summary>
    /// Upgrades to WebSocket. With the sub-protocol <c>beertap.v1</c> a text message holds one event, or several separated by a line feed;
    /// without one it is the original system's plain text. 400 for a bad query or a sub-protocol the hub does not speak, 426 without upgrade.
    /// </summary>
    private static async Task Connect(HttpContext http, Feed feed, LiveOptions options)
    {
        var (request, refusal) = FeedRequest.Read(http.Request);
        var offered = http.WebSockets.WebSocketRequestedProtocols;
        refusal ??= !http.WebSockets.IsWebSocketRequest ? Refusals.NotASocket()
            : offered.Count > 0 && !offered.Contains(SubProtocol) ? Refusals.Unsupported($"Offer {SubProtocol}, or no sub-protocol for plain text.")
            : null;
        if (refusal is not null)
        {
            await new RefusalResult(refusal).ExecuteAsync(http);
            return;
        }

        http.AllowSlowReading();
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = offered.Count > 0 ? SubProtocol : null,

            // Only a heartbeat: an answer to it would wait behind all that a slow reader has not read yet. A client that takes nothing is
            // found by the pump, and one that vanished by TCP's own keep-alive.
            KeepAliveInterval = options.Ping,
            KeepAliveTimeout = Timeout.InfiniteTimeSpan,
        });
        var wire = http.Features.GetRequiredFeature<Wire>();
        wire.StopLooking();
        var subscriber = new WebSocketSubscriber(offered.Count > 0 ? FrameFormat.Json : FrameFormat.Text, request, socket, wire, SocketProgress.Of(http));
        await feed.ServeAsync(subscriber, () => ListenAsync(subscriber, socket, http.RequestAborted));
    }

    /// <summary>Kestrel cuts a response that is read too slowly; a listener may be as slow as it likes, and costs one page in flight.</summary>
    public static void AllowSlowReading(this HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    /// <summary>Receives until the connection is over: answers pings and closes, and hands what the client says to its coat.</summary>
    private static async Task ListenAsync(WebSocketSubscriber subscriber, WebSocket socket, CancellationToken cancel)
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

                subscriber.Heard();
            }
        }
        catch (Exception fault) when (fault is WebSocketException or OperationCanceledException)
        {
            // The client went away without a close, or the hub cut it; either way the connection is over.
            socket.Abort();
        }
    }
}
