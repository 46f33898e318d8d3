using System.IO.Pipelines;

namespace BeerTap.Server.Live;

/// <summary>A listener on an SSE stream whose request goes on as long as it does: over HTTP/2, HTTP/1.0, and over TLS.</summary>
internal sealed class SseSubscriber(HttpContext http, FeedRequest request) : Subscriber(FrameFormat.Sse, request, SseFeed.Transport, SocketProgress.Of(http))
{
    private readonly PipeWriter _body = http.Response.BodyWriter;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the client is gone or the stream was closed.</summary>
    public Task Ended => _ended.Task;

    public override ReadOnlyMemory<byte> Comment => SseFeed.Quiet;

    public override bool IsCommentDue(LiveOptions options, TimeProvider time) => time.GetElapsedTime(LastWrite) >= options.SseComment;

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
