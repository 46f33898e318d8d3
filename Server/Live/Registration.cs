using System.Reactive.Concurrency;
using BeerTap.Server.Hosting;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;

namespace BeerTap.Server.Live;

internal static class Registration
{
    public static void AddLive(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(settings.Live);
        services.AddSingleton(settings.Reports);
        services.AddSingleton<TapRegistry>();
        services.AddSingleton<RefusedPours>();
        services.AddSingleton<TapLimit>();
        services.AddSingleton<IScheduler>(Scheduler.Default);
        services.AddSingleton(provider =>
        {
            var repository = provider.GetRequiredService<BeerRepository>();
            return new EventLog(repository.Epoch, () => repository.Totals.Counts().Head, settings.Live);
        });
        services.AddSingleton<FeedMeter>();
        services.AddSingleton<Feed>();
        services.AddSingleton(provider =>
        {
            // The feed hears a batch first, so that a report made for the batch finds the log at its position.
            provider.GetRequiredService<Feed>();
            return ActivatorUtilities.CreateInstance<ShareReporter>(provider);
        });
        services.AddSingleton<MinuteTally>();
        services.AddTapHub(settings.Live);
    }

    public static void UseSockets(this WebApplication app)
    {
        app.UseWhen(http => http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is not null, listening =>
        {
            Wire.UseWires(listening);
            listening.UseWebSockets();
        });
    }

    public static void MapLive(this WebApplication app)
    {
        app.Services.GetRequiredService<ShareReporter>();
        app.MapTapHub();
        app.MapWebSocketFeed();
        app.MapSseFeed();
        app.MapEventsApi();
    }
}
