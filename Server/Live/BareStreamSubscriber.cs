using System.Buffers;
using System.Buffers.Text;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Live;

/// <summary>A listener on an SSE stream that lives on its connection alone, which its request gave back.</summary>
internal sealed class BareStreamSubscriber(FeedRequest request, BareConnection connection)
    : Subscriber(FrameFormat.Sse, request, SseFeed.Transport, SocketProgress.Of(connection.Socket))
{
    /// <summary>What a chunk has around its bytes at most: a length in hexadecimal, and two line ends.</summary>
    private const int AroundChunk = 12;

    private static readonly byte[] LastChunk = "0\r\n\r\n"u8.ToArray();

    public override ReadOnlyMemory<byte> Comment => SseFeed.Quiet;

    public override bool IsCommentDue(LiveOptions options, TimeProvider time) => time.GetElapsedTime(LastWrite) >= options.SseComment;

    /// <summary>Done when the client is gone or the stream was closed. A stream goes one way: a client that sends anything is disconnected, and nothing of it is kept.</summary>
    public async Task ListenAsync()
    {
        if (await connection.Input.SaysAsync())
        {
            connection.Abort("The listener sent bytes over an event stream.");
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames)
    {
        var chunk = ArrayPool<byte>.Shared.Rent(AroundChunk + frames.Length);
        try
        {
            return connection.Output.SendAsync(chunk.AsSpan(0, WriteChunk(chunk, frames.Span)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    public override async Task CloseAsync(CloseReason reason)
    {
        await connection.Output.SendAsync(LastChunk);
        connection.Input.CancelPendingRead();
    }

    public override void Abort() => connection.Abort("The listener was cut.");

    /// <summary>The answer goes on in chunks, as its head says: RFC 9112 section 7.1.</summary>
    private static int WriteChunk(Span<byte> output, ReadOnlySpan<byte> bytes)
    {
        Utf8Formatter.TryFormat(bytes.Length, output, out var length, 'x');
        "\r\n"u8.CopyTo(output[length..]);
        length += 2;
        bytes.CopyTo(output[length..]);
        length += bytes.Length;
        "\r\n"u8.CopyTo(output[length..]);
        return length + 2;
    }
}
