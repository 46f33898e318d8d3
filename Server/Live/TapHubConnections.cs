using BeerTap.Server.Security;
using Microsoft.AspNetCore.SignalR;

namespace BeerTap.Server.Live;

/// <summary>
/// SignalR's connections as subscribers of the feed.
/// <c>Clients.All</c> still works but is not used: it would send to each as fast as the slowest, or buffer without bound.
/// </summary>
internal sealed class TapHubConnections(ILogger<DefaultHubLifetimeManager<TapHub>> log, Feed feed) : DefaultHubLifetimeManager<TapHub>(log)
{
    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        await base.OnConnectedAsync(connection);

        // The query was checked before the connection was made, so it has no refusal here.
        var http = connection.GetHttpContext()!;
        var (request, _) = FeedRequest.Read(http.Request);
        var subscriber = new HubSubscriber(connection, http, request);

        // From here on the feed closes it when its key is revoked.
        connection.Features.Get<KeyedListeners.Arrival>()?.Dispose();
        if (!feed.TryJoin(subscriber))
        {
            connection.Abort();
            return;
        }

        connection.Features.Set(subscriber);
    }

    public override async Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        if (connection.Features.Get<HubSubscriber>() is { } subscriber) await feed.LeaveAsync(subscriber);
        await base.OnDisconnectedAsync(connection);
    }
}
