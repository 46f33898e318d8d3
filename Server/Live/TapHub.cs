using BeerTap.Server.Beers;
using Microsoft.AspNetCore.SignalR;

namespace BeerTap.Server.Live;

/// <summary>
/// The feed over SignalR. Clients only listen: the hub calls the client methods <c>welcome</c>, <c>beerPoured</c>, <c>beerDeleted</c>,
/// <c>shareReport</c>, <c>reload</c> and <c>closing</c>, each with the event object as its one argument.
/// </summary>
internal sealed class TapHub : Hub
{
    public const string Path = "/hubs/taps";
}

internal static class TapHubRoutes
{
    public static void AddTapHub(this IServiceCollection services, LiveOptions options)
    {
        services.AddSignalR(hub =>
        {
            // A client says nothing but pings and its handshake.
            hub.MaximumReceiveMessageSize = 4 * 1024;
            hub.KeepAliveInterval = options.Ping;
            hub.ClientTimeoutInterval = options.Ping * 2;
        });
        services.AddSingleton<HubLifetimeManager<TapHub>, TapHubConnections>();
    }

    /// <summary>Maps the hub; a bad <c>tapId</c> or <c>after</c> is answered 400 before there is a connection.</summary>
    public static void MapTapHub(this WebApplication app)
    {
        app.UseWhen(http => http.Request.Path.StartsWithSegments(TapHub.Path, StringComparison.Ordinal), hub => hub.Use(async (http, next) =>
        {
            if (FeedRequest.Read(http.Request).Refusal is { } refusal)
            {
                await new RefusalResult(refusal).ExecuteAsync(http);
                return;
            }

            http.AllowSlowReading();
            await next(http);
        }));
        app.MapHub<TapHub>(TapHub.Path).Listens();
    }
}
