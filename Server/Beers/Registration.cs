using BeerTap.Server.Hosting;

namespace BeerTap.Server.Beers;

internal static class Registration
{
    public static void AddBeers(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(new GlassTypes(settings.Glasses));
        services.AddSingleton<PourTimes>();
        services.AddSingleton<PourReader>();
        services.AddSingleton<ClaimedTimes>();
        services.AddSingleton<RefusalMeter>();
    }
}
