using System.Net.WebSockets;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Live;

/// <summary>
/// A listener on a WebSocket that lives on its connection alone, which its request gave back. There is no WebSocket object either, until the client
/// says something, or the hub has to close: an idle listener is told by ready-made frames only.
/// </summary>
internal sealed class BareSocketSubscriber(FrameFormat format, FeedRequest request, BareConnection connection)
    : WebSocketSubscriber(format, request, SocketProgress.Of(connection.Socket))
{
    /// <summary>A pong that nobody asked for: a heartbeat that needs no answer, RFC 6455 section 5.5.3.</summary>
    private static readonly byte[] Heartbeat = [0x8a, 0x00];

    // A step less to memory that is seldom in the cache, at each visit.
    private readonly SocketOutput _output = connection.Output;

    // Not disposed of: a WebSocket without a timer holds nothing but memory, and the pump may say goodbye on it until it lets go.
    private Spoken? _spoken;

    // The pump's own.
    private long _lastBeat;

    public override ReadOnlyMemory<byte> Comment => Heartbeat;

    /// <summary>At the first look, and every <see cref="LiveOptions.Ping"/> from then on, as near to it as looks once a second can be.</summary>
    public override bool IsCommentDue(LiveOptions options, TimeProvider time)
    {
        if (time.GetElapsedTime(_lastBeat) < options.Ping - (Feed.TickEvery / 2)) return false;
        _lastBeat = time.GetTimestamp();
        return true;
    }

    /// <summary>Receives until the connection is over.</summary>
    public async Task ListenAsync()
    {
        if (await connection.Input.SaysAsync()) await ListenAsync(Speak().Socket, CancellationToken.None);
    }

    // Behind a goodbye frames go nowhere, and that is no fault: the connection ends in order, and must not be cut for it.
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) =>
        Volatile.Read(ref _spoken) is { } spoken ? spoken.Wire.WriteFramesAsync(frames) : _output.SendAsync(frames.Span);

    /// <summary>To a client that said goodbye before there is nothing more to say.</summary>
    public override Task CloseAsync(CloseReason reason) =>
        Speak().Socket is { State: WebSocketState.Open or WebSocketState.CloseReceived } socket ? CloseAsync(socket, reason) : Task.CompletedTask;

    public override void Abort() => connection.Abort("The listener was cut.");

    /// <summary>The client's words and the hub's goodbye may come at the same time.</summary>
    private Spoken Speak()
    {
        if (Volatile.Read(ref _spoken) is { } spoken) return spoken;
        var wire = new Wire(new BareStream(connection.Input, _output), _output);
        wire.StopLooking();
        var made = new Spoken(WebSocket.CreateFromStream(wire, new WebSocketCreationOptions { IsServer = true }), wire);
        return Interlocked.CompareExchange(ref _spoken, made, null) ?? made;
    }

    private sealed record Spoken(WebSocket Socket, Wire Wire);
}
