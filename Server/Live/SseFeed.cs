using System.IO.Pipelines;
using BeerTap.Server.Beers;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Server.Live;

/// <summary>The feed over Server-Sent Events: <c>GET /api/events/stream</c>.</summary>
internal static class SseFeed
{
    public const string Path = "/api/events/stream";

    public static void MapSseFeed(this IEndpointRouteBuilder routes) => routes
        .MapGet(Path, Stream)
        .WithTags("Events")
        .WithSummary("Listens to the log as Server-Sent Events")
        .WithDescription(
            "`id:` is the position, `event:` the name, `data:` the event object; a comment every 15 s. " +
            "`after` (or the header `Last-Event-ID`) says where the listener stopped; without it the stream starts live. " +
            "`tapId` marks that tap as connected while the stream is open.")
        .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
        .Listens()
        .Refuses(400, 401, 403, 429, 503);

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
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await http.Response.StartAsync(cancel);

        var subscriber = new SseSubscriber(http, request);
        using var aborted = cancel.Register(subscriber.End);
        await feed.ServeAsync(subscriber, () => subscriber.Ended);
    }
}

/// <summary>A listener on an SSE stream.</summary>
internal sealed class SseSubscriber(HttpContext http, FeedRequest request) : Subscriber(FrameFormat.Sse, request, "SSE", SocketProgress.Of(http))
{
    private static readonly byte[] Quiet = ": \n\n"u8.ToArray();

    private readonly PipeWriter _body = http.Response.BodyWriter;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the client is gone or the stream was closed.</summary>
    public Task Ended => _ended.Task;

    public override ReadOnlyMemory<byte> Comment => Quiet;

    public void End() => _ended.TrySetResult();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames)
    {
        var write = _body.WriteAsync(frames);
        if (!write.IsCompletedSuccessfully) return new ValueTask(write.AsTask());
        write.GetAwaiter().GetResult();
        return default;
    }

    public override Task CloseAsync(CloseReason reason)
    {
        End();
        return Task.CompletedTask;
    }

    public override void Abort()
    {
        http.Abort();
        End();
    }
}
