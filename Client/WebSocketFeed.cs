using System.Buffers;
using System.Net.WebSockets;

namespace BeerTap.Client;

/// <summary>The feed over a plain WebSocket: a message holds one event or several, one to a line.</summary>
internal sealed class WebSocketFeed(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, IReport report, TimeProvider time)
    : LiveFeed(target, connecting, hub, report, time)
{
    public const string SubProtocol = "beertap.v1";

    /// <summary>Bounds one event, not a message: a report of a hundred thousand taps is about 8 MB.</summary>
    private const int LargestEvent = 32 * 1024 * 1024;

    private const int ReadSize = 16 * 1024;

    /// <summary>A buffer that one large report made larger than this is not kept: there may be ten thousand feeds.</summary>
    private const int KeptSize = 4 * ReadSize;

    protected override (string Scheme, string Path) Endpoint => ("ws", "sockets/beers");

    protected override async Task ListenAsync(Uri address, CancellationToken stopping, CancellationToken abort)
    {
        using var socket = await FeedSocket.OpenAsync(address, SubProtocol, abort);
        var receiving = ReceiveAsync(socket, abort);
        var asked = new TaskCompletionSource();
        using (stopping.UnsafeRegister(static source => ((TaskCompletionSource)source!).TrySetResult(), asked))
        {
            await Task.WhenAny(receiving, asked.Task);
        }

        if (!receiving.IsCompleted && socket.State == WebSocketState.Open)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, abort);
        }

        await receiving;
    }

    private async Task ReceiveAsync(ClientWebSocket socket, CancellationToken abort)
    {
        var buffer = new ArrayBufferWriter<byte>(ReadSize);
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.GetMemory(ReadSize), abort);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                if (socket.State == WebSocketState.CloseReceived)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, abort);
                }

                return;
            }

            buffer.Advance(received.Count);
            Take(buffer, received.EndOfMessage);
            if (buffer.WrittenCount == 0 && buffer.Capacity > KeptSize)
            {
                buffer = new ArrayBufferWriter<byte>(ReadSize);
            }

            if (buffer.WrittenCount > LargestEvent)
            {
                throw new InvalidDataException($"an event came that is larger than {LargestEvent} bytes");
            }
        }
    }

    // Hears every whole line as soon as it is there, and keeps the beginning of the next: a message may be far larger
    // than any event in it.
    private void Take(ArrayBufferWriter<byte> buffer, bool endOfMessage)
    {
        var rest = buffer.WrittenSpan;
        for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
        {
            HearLine(rest[..end]);
            rest = rest[(end + 1)..];
        }

        if (endOfMessage)
        {
            HearLine(rest);
            buffer.ResetWrittenCount();
        }
        else if (rest.Length < buffer.WrittenCount)
        {
            var beginning = rest.ToArray();
            buffer.ResetWrittenCount();
            buffer.Write(beginning);
        }
    }

    private void HearLine(ReadOnlySpan<byte> line)
    {
        if (line.Length > 0)
        {
            Hear(line);
        }
    }
}
