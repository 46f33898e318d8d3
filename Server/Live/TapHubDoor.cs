using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;

namespace BeerTap.Server.Live;

/// <summary>
/// Goes around a SignalR connection from its first request to its end, on every transport: holds its place under the limits, also between two polls, and
/// ends it when its key is revoked before it is served.
/// </summary>
internal sealed class TapHubDoor(ListenerLimits limits, KeyedListeners keyed)
{
    public ConnectionDelegate Attach(ConnectionDelegate next) => connection => RunAsync(connection, next);

    private async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var http = connection.GetHttpContext()!;
        var address = CallerAddress.Of(http);
        var token = http.Request.Query["id"].ToString();
        if (token.Length > 0)
        {
            limits.Open(address, token, connection.Features.Get<IHttpTransportFeature>()?.TransportType == HttpTransportType.LongPolling);
        }

        if (!limits.TryEnter(address))
        {
            limits.Close(token);
            connection.Abort();
            return;
        }

        try
        {
            using var arrival = keyed.Arrive(KeyIdentity.Of(http)?.Key, () => End(connection));
            connection.Features.Set(arrival);
            await next(connection);
        }
        finally
        {
            limits.Close(token);
            limits.Leave(address);
        }
    }

    /// <summary>The handshake waits for bytes, and over long polling nothing else would wake it.</summary>
    private static void End(ConnectionContext connection)
    {
        connection.Transport.Input.CancelPendingRead();
        connection.Abort();
    }
}
