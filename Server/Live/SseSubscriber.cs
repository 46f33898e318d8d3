using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Server.Live;

/// <summary>A listener on an SSE stream whose request goes on as long as it does: over HTTP/2, HTTP/1.0, and over TLS.</summary>
internal sealed class SseSubscriber(HttpContext http, FeedRequest request) : Subscriber(FrameFormat.Sse, request, SseFeed.Transport, SocketProgress.Of(http))
{
    private readonly PipeWriter _body = http.Response.BodyWriter;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the client is gone or the stream was closed. A client that sends a body is disconnected.</summary>
    public async Task ListenAsync()
    {
        var sending = http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false } ? Task.CompletedTask : CutIfItSendsAsync();
        await _ended.Task;

        // The server must not be left with a read under way.
        if (!sending.IsCompleted)
        {
            http.Abort();
        }

        await sending;
    }

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

    /// <summary>HTTP/2 may say at the end of a request that it has no body. A body that does not come is cut by the server's limits for slow bodies.</summary>
    private async Task CutIfItSendsAsync()
    {
        try
        {
            if (await http.Request.Body.ReadAsync(new byte[1]) == 0)
            {
                return;
            }
        }
        catch (IOException)
        {
            // The client is gone, or its body is too slow or none.
        }

        Abort();
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
