using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace BeerTap.Server.Hosting;

/// <summary>Starts the feed with the hub, and empties it before the server stops.</summary>
/// <remarks>
/// Registered when the application has started: stopping callbacks run last-in first-out, so listeners hear the closing words before SignalR
/// and Kestrel cut their connections. The wait is bounded by <c>Live:DrainTimeout</c>, behind <c>Live:DrainSpread</c> where the hub sends them elsewhere.
/// </remarks>
internal static class Drain
{
    public static void UseDrain(this WebApplication app)
    {
        var feed = app.Services.GetRequiredService<Feed>();
        var spread = app.Services.GetRequiredService<LiveOptions>().DrainSpread;
        app.Use((http, next) => feed.Refuses && IsNewListener(http)
            ? new RefusalResult(Refusals.Draining(), 1 + Random.Shared.Next((int)spread.TotalSeconds + 1)).ExecuteAsync(http)
            : next(http));
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            Log.Serving(app.Logger, Usage.Version, string.Join(", ", addresses));
            app.Lifetime.ApplicationStopping.Register(() => feed.DrainAsync().GetAwaiter().GetResult());
        });
    }

    /// <summary>
    /// Whoever was told to come back and finds the same hub would only be told again, and the drain would never end. Where the hub sends its listeners
    /// elsewhere, though, one that was away at that moment must hear where to. A request with SignalR's <c>id</c> belongs to a connection that there is.
    /// </summary>
    private static bool IsNewListener(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is not null && !http.Request.Query.ContainsKey("id");
}
