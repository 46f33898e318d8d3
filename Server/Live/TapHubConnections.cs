using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace BeerTap.Server.Live;

/// <summary>
/// SignalR's connections as subscribers of the feed: the one place where SignalR lets ready-made bytes be written to one connection.
/// <c>Clients.All</c> still works but is not used: it would send to each as fast as the slowest, or buffer without bound.
/// </summary>
internal sealed class TapHubConnections(ILogger<DefaultHubLifetimeManager<TapHub>> log, Feed feed) : DefaultHubLifetimeManager<TapHub>(log)
{
    private static readonly object LeaveKey = new();

    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        await base.OnConnectedAsync(connection);

        // The query was checked before the connection was made, so it has no refusal here.
        var (request, _) = FeedRequest.Read(connection.GetHttpContext()!.Request);
        connection.Items[LeaveKey] = feed.Join(new HubSubscriber(connection, request));
    }

    public override async Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        if (connection.Items.TryGetValue(LeaveKey, out var leave)) await ((Func<Task>)leave!)();
        await base.OnDisconnectedAsync(connection);
    }

    /// <summary>A listener on a SignalR connection.</summary>
    private sealed class HubSubscriber(HubConnectionContext connection, FeedRequest request)
        : Subscriber(FrameFormat.SignalR, request, "SignalR", SocketProgress.Of(connection.GetHttpContext()!))
    {
        // Several records, each ended by 0x1e, travel as one ready-made message: one write for all that the listener lacks.
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) =>
            connection.WriteAsync(new SerializedHubMessage([new SerializedMessage(connection.Protocol.Name, frames)]), CancellationToken.None);

        public override async Task CloseAsync(CloseReason reason) => await connection.WriteAsync(
            new CloseMessage(reason.ComeBack ? null : reason.Name, allowReconnect: reason.ComeBack), CancellationToken.None);

        // SignalR ends a connection with words of its own, and they would wait behind all that a client that reads nothing has not read, for ever.
        public override void Abort()
        {
            connection.Abort();
            connection.GetHttpContext()?.Abort();
        }
    }
}
