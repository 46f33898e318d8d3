using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
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

        var format = offered.Count > 0 ? FrameFormat.Json : FrameFormat.Text;
        if (BareConnection.For(http) is { } connection)
        {
            // Only its handshake is wanted: see BareSocketSubscriber.
            await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = SubProtocolOf(format), KeepAliveInterval = Timeout.InfiniteTimeSpan });
            TakeOver(connection, http, new BareSocketSubscriber(format, request, connection), feed);
            return;
        }

        await ServeAsync(http, format, request, feed, options);
    }

    // A method of its own: what goes on must not hold on to the request.
    private static void TakeOver(BareConnection connection, HttpContext http, BareSocketSubscriber subscriber, Feed feed) =>
        connection.TakeOver(http, () => feed.ServeAsync(subscriber, static listener => listener.ListenAsync()));

    private static async Task ServeAsync(HttpContext http, FrameFormat format, FeedRequest request, Feed feed, LiveOptions options)
    {
        http.AllowSlowReading();
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = SubProtocolOf(format),

            // Only a heartbeat: an answer to it would wait behind all that a slow reader has not read yet. A client that takes nothing is
            // found by the pump, and one that vanished by TCP's own keep-alive.
            KeepAliveInterval = options.Ping,
            KeepAliveTimeout = Timeout.InfiniteTimeSpan,
        });
        var wire = http.Features.GetRequiredFeature<Wire>();
        wire.StopLooking();
        var subscriber = new RequestSocketSubscriber(format, request, socket, wire, SocketProgress.Of(http));
        await feed.ServeAsync(subscriber, listener => listener.ListenAsync(http.RequestAborted));
    }

    private static string? SubProtocolOf(FrameFormat format) => format == FrameFormat.Json ? SubProtocol : null;

    /// <summary>Kestrel cuts a response that is read too slowly; a listener may be as slow as it likes, and costs one page in flight.</summary>
    public static void AllowSlowReading(this HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }
}
