using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
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
        if (TransferCommand.IsAsked(args)) return TransferCommand.Run(args);
        args = Usage.WithoutServe(args);
        if (Usage.AnswerTo(args) is { } answer)
        {
            Console.WriteLine(answer);
            return 0;
        }

        if (HealthProbe.IsAsked(args)) return await HealthProbe.RunAsync(args);

        try
        {
            await using var hub = Build(args);
            await hub.RunAsync();
            return 0;
        }
        catch (Exception fault) when (Refusal.Explains(fault))
        {
            return Refusal.Tell(fault);
        }
    }

    /// <summary>The hub, ready to run.</summary>
    /// <exception cref="SettingsException">The configuration has faults.</exception>
    /// <exception cref="KeyFileException">The keys cannot be read.</exception>
    /// <exception cref="StoreException">The store cannot be opened.</exception>
    public static WebApplication Build(string[] args)
    {
        // The program's own files lie beside it; the store lies where the hub is started.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = Settings.Readable(args), ContentRootPath = AppContext.BaseDirectory });
        var settings = Settings.Load(builder, args);

        builder.AddLog(settings.Log);
        builder.AddTelemetry(settings.Telemetry);
        builder.AddHealth(settings.Health);
        builder.AddLimits(settings.Limits, settings.Intake);
        builder.AddSecurity(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddStorage(settings);
        builder.Services.AddBeers(settings);
        builder.Services.AddLive(settings);
        builder.Services.AddDocs();

        var hub = builder.Build();

        hub.UseTelemetry();
        hub.UseMiddleware<RequestLog>();
        hub.UsePage();
        hub.UseHead();
        hub.UseSecurity();
        hub.UseSockets();
        BeersApi.Map(hub);
        hub.MapTapsApi();
        hub.MapReportsApi();
        hub.MapLive();
        hub.MapKeysApi();
        hub.MapHealth();
        hub.MapDocs();
        hub.UseDrain();
        return hub;
    }
}
