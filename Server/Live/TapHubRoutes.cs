using System.Security.Claims;
using BeerTap.Server.Beers;
using BeerTap.Server.Security;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;

namespace BeerTap.Server.Live;

internal static class TapHubRoutes
{
    private static readonly TimeSpan LongestSend = TimeSpan.FromDays(1);

    /// <summary>How long a client may take over its handshake, and may be away between two polls: SignalR's own value.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    /// <summary>Who comes without a key. SignalR would have a nobody made for each connection, and keep it.</summary>
    private static readonly ClaimsPrincipal Nobody = new(new ClaimsIdentity());

    public static void AddTapHub(this IServiceCollection services, LiveOptions options)
    {
        // Where pings come more often, dead connections are to be found sooner too.
        var silence = options.Ping < LongestSilence ? options.Ping : LongestSilence;
        services.AddSignalR(hub =>
        {
            // A client says nothing but pings and its handshake.
            hub.MaximumReceiveMessageSize = 4 * 1024;
            hub.KeepAliveInterval = options.Ping;
            hub.ClientTimeoutInterval = options.Ping * 2;
            hub.HandshakeTimeout = silence;
        });
        services.Configure<ConnectionOptions>(connections => connections.DisconnectTimeout = silence);
        services.AddSingleton<HubLifetimeManager<TapHub>, TapHubConnections>();
        services.AddSingleton<TapHubDoor>();
    }

    /// <summary>Maps the hub; a bad <c>tapId</c> or <c>after</c> is answered 400 before there is a connection.</summary>
    public static void MapTapHub(this WebApplication app)
    {
        app.UseWhen(http => http.Request.Path.StartsWithSegments(TapHub.Path, StringComparison.OrdinalIgnoreCase), hub => hub.Use((http, next) =>
        {
            if ((FeedRequest.Read(http.Request).Refusal ?? BodyReader.RefusalOfEncoding(http)) is { } refusal)
            {
                return new RefusalResult(refusal).ExecuteAsync(http);
            }

            if (KeyIdentity.Of(http) is null) http.User = Nobody;
            http.AllowSlowReading();
            return next(http);
        }));

        // SignalR would cut a send that takes 10 s, however much of it the client takes meanwhile; the pump knows better.
        var options = new HttpConnectionDispatcherOptions { TransportSendTimeout = LongestSend };
        options.WebSockets.CloseTimeout = Farewell.Grace;
        app.MapConnections(TapHub.Path, options, connection =>
        {
            connection.Use(app.Services.GetRequiredService<TapHubDoor>().Attach);
            connection.UseHub<TapHub>();
        }).Listens();
    }
}
