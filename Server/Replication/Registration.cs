using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

internal static class Registration
{
    /// <summary>Makes this hub one of many: a log that they share orders what they take in.</summary>
    public static void AddReplication(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(settings.Replication);
        services.AddSingleton<LogStatus>();
        services.AddSingleton(provider => new KeysHeard(settings.Storage.Path, provider.GetRequiredService<IBeerStore>().Epoch));
        services.AddSingleton<SharedKeys>();
        services.AddSingleton<IPresenceChannel>(new RabbitPresence(settings.Replication));
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<HubPresence>(provider, RabbitStream.HubName(settings.Replication)));
        services.AddSingleton<OtherHubs>();
        services.AddSingleton<LogMeter>();
        services.AddSingleton<Func<LogWriter, ICommitter>>(provider => writer => new ReplicatedCommitter(
            writer,
            new RabbitStream(settings.Replication),
            provider.GetRequiredService<IBeerStore>().Epoch,
            settings.Replication,
            settings.Intake,
            provider.GetRequiredService<LogStatus>(),
            _ => provider.GetRequiredService<IHostApplicationLifetime>().StopApplication(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger<ReplicatedCommitter>(),
            provider.GetRequiredService<SharedKeys>()));
        services.AddHostedService(provider =>
        {
            // Nobody else asks for it.
            provider.GetRequiredService<LogMeter>();
            return ActivatorUtilities.CreateInstance<LogStart>(provider);
        });
        services.AddSingleton(provider =>
        {
            var repository = provider.GetRequiredService<BeerRepository>();
            return new Ahead(provider.GetRequiredService<LogStatus>(), repository.Epoch, () => repository.Totals.Counts().Head, provider.GetRequiredService<TimeProvider>());
        });
    }

    /// <summary>Where several hubs share a log, one that comes from another hub may be ahead of this one.</summary>
    public static void UseReplication(this WebApplication app) => app.Services.GetService<Ahead>()?.Use(app);
}
