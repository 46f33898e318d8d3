using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Reports;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;
using BeerTap.Server.Transfer;

namespace BeerTap.Server;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is [KeysCommand.Name, .. var words]) return await KeysCommand.RunAsync(words, Console.Out, Console.Error);
        if (Maintenance.IsAsked(args)) return Maintenance.Run(args);
        if (args is [DrainCommand.Name, .. var drain]) return await DrainCommand.RunAsync(drain, Console.Out, Console.Error);
        if (TransferCommand.IsAsked(args)) return TransferCommand.Run(args);
        args = Usage.WithoutServe(args);
        if (Usage.AnswerTo(args) is { } answer)
        {
            Console.WriteLine(answer);
            return 0;
        }

        if (HealthProbe.IsAsked(args)) return await HealthProbe.RunAsync(args);

        LogStatus? log = null;
        try
        {
            await using var hub = await BuildAsync(args);
            log = hub.Services.GetService<LogStatus>();
            await hub.RunAsync();
        }
        catch (OperationCanceledException)
        {
            // It was stopped while it waited for the log, or started.
        }
        catch (Exception fault) when (Refusal.Explains(fault))
        {
            return Refusal.Tell(fault);
        }

        return log?.Fatal is { } fatal ? Refusal.Tell(fatal, "The hub cannot go on:") : 0;
    }

    /// <summary>The hub, ready to run.</summary>
    /// <param name="time">The system's clock when null.</param>
    /// <exception cref="SettingsException">The configuration has faults.</exception>
    /// <exception cref="KeyFileException">The keys cannot be read.</exception>
    /// <exception cref="StoreException">The store cannot be opened.</exception>
    /// <exception cref="LogException">The log that hubs share does not take this hub.</exception>
    public static async Task<WebApplication> BuildAsync(string[] args, TimeProvider? time = null)
    {
        var builder = ConfigurationFile.BuilderOf(args);
        var settings = Settings.Load(builder, args);
        var epoch = await WaitingRoom.EpochAsync(args, settings);

        builder.AddSignals();
        builder.AddLog(settings.Log);
        builder.AddTelemetry(settings.Telemetry);
        builder.AddHealth(settings.Health);
        builder.AddLimits(settings.Limits, settings.Intake, settings.Live);
        builder.AddSecurity(settings);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddStorage(settings, epoch);
        builder.Services.AddBeers(settings);
        builder.Services.AddLive(settings);
        builder.Services.AddDocs();

        var hub = builder.Build();

        hub.WarnOfDescriptors();
        hub.UseTelemetry();
        hub.UseMiddleware<RequestLog>();
        hub.UseHosts();
        hub.UsePage();
        hub.UseHead();
        hub.UseSecurity();
        hub.UseReplication();
        hub.UseSockets();
        BeersApi.Map(hub);
        hub.MapTapsApi();
        hub.MapReportsApi();
        hub.MapLive();
        hub.MapKeysApi();
        hub.MapMeApi();
        hub.MapDrainApi();
        hub.MapHealth();
        hub.MapDocs();
        hub.UseDrain();
        return hub;
    }
}
