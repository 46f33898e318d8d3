using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Server.Live;

/// <summary>The feed over Server-Sent Events: <c>GET /api/events/stream</c>.</summary>
internal static class SseFeed
{
    public const string Path = "/api/events/stream";

    /// <summary>The transport's name in logs and metrics.</summary>
    public const string Transport = "SSE";

    /// <summary>The comment that keeps the way open when nothing happens.</summary>
    public static readonly byte[] Quiet = ": \n\n"u8.ToArray();

    public static void MapSseFeed(this IEndpointRouteBuilder routes) => routes
        .MapGet(Path, Stream)
        .WithTags("Events")
        .WithSummary("Listens to the log as Server-Sent Events")
        .WithDescription(
            "`id:` is the position, `event:` the name, `data:` the event object; a comment every 15 s. " +
            "`after` (or the header `Last-Event-ID`) says where the listener stopped; without it the stream starts live. " +
            "`tapId` marks that tap as connected while the stream is open. A request with `Accept: text/event-stream` is never refused with 429 or 5xx: " +
            "it gets 200 with `retry:` and the event `closing`, because any other status ends an `EventSource` for good.")
        .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
        .Listens()
        .Refuses(400, 401, 403, 429, 503, 507);

    /// <summary>What every answer of the stream has in its head: no cache keeps it, and no proxy holds it back.</summary>
    public static void SetHeaders(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private static async Task Stream(HttpContext http, Feed feed, CancellationToken cancel)
    {
        var (request, refusal) = FeedRequest.Read(http.Request);
        if (refusal is not null)
        {
            await new RefusalResult(refusal).ExecuteAsync(http);
            return;
        }

        http.AllowSlowReading();
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        SetHeaders(http.Response);
        if (BareConnection.For(http) is { } connection)
        {
            // There is no way back to HTTP on it.
            http.Response.Headers.Connection = "close";
            await http.Response.StartAsync(cancel);
            await http.Response.Body.FlushAsync(cancel);
            TakeOver(connection, http, new BareStreamSubscriber(request, connection), feed);
            return;
        }

        await http.Response.StartAsync(cancel);
        var subscriber = new SseSubscriber(http, request);
        using var aborted = cancel.Register(subscriber.End);
        await feed.ServeAsync(subscriber, static stream => stream.ListenAsync());
    }

    // A method of its own: what goes on must not hold on to the request.
    private static void TakeOver(BareConnection connection, HttpContext http, BareStreamSubscriber subscriber, Feed feed) =>
        connection.TakeOver(http, () => feed.ServeAsync(subscriber, static stream => stream.ListenAsync()));
}
