using BeerTap.Server.Live;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace BeerTap.Server.Hosting;

/// <summary>Starts the feed with the hub, and empties it before the server stops.</summary>
/// <remarks>
/// Registered when the application has started: stopping callbacks run last-in first-out, so listeners hear the closing words before SignalR
/// and Kestrel cut their connections. The wait is bounded by <c>Live:DrainTimeout</c>.
/// </remarks>
internal static class Drain
{
    public static void UseDrain(this WebApplication app)
    {
        var feed = app.Services.GetRequiredService<Feed>();
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            Log.Serving(app.Logger, Usage.Version, string.Join(", ", addresses));
            app.Lifetime.ApplicationStopping.Register(() => feed.DrainAsync().GetAwaiter().GetResult());
        });
    }
}
