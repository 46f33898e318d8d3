using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace BeerTap.Server.Live;

/// <summary>
/// A listener on a SignalR connection. Over WebSocket its frames come ready-made, like everybody's: SignalR itself would copy each message through
/// two pipes and two threads. SignalR keeps the handshake, pings, close and all other transports.
/// </summary>
/// <remarks>
/// The first frames, the welcome, go through SignalR: only once they were seen to pass is it certain that the handshake's answer is before them.
/// </remarks>
internal sealed class HubSubscriber(HubConnectionContext connection, HttpContext http, FeedRequest request)
    : Subscriber(FrameFormat.SignalR, request, "SignalR", SocketProgress.Of(http))
{
    private readonly Wire? _wire = http.Features.Get<Wire>();
    private bool _open;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) =>
        _open ? _wire!.WriteFramesAsync(frames)
        : _wire is null ? SendAsync(WebSocketFrame.PayloadsOf(frames.Span))
        : new ValueTask(OpenAsync(WebSocketFrame.PayloadsOf(frames.Span)));

    public override async Task CloseAsync(CloseReason reason) => await connection.WriteAsync(
        new CloseMessage(reason.ComeBack ? null : reason.Name, allowReconnect: reason.ComeBack), CancellationToken.None);

    // SignalR ends a connection with words of its own, and they would wait behind all that a client that reads nothing has not read, for ever.
    public override void Abort()
    {
        connection.Abort();
        http.Abort();
    }

    private ValueTask SendAsync(byte[] records) =>
        connection.WriteAsync(new SerializedHubMessage([new SerializedMessage(connection.Protocol.Name, records)]), CancellationToken.None);

    private async Task OpenAsync(byte[] welcome)
    {
        var passed = _wire!.PassedAsync(welcome);
        await SendAsync(welcome);
        await passed.WaitAsync(connection.ConnectionAborted);
        _open = true;
    }
}
