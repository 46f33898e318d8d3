using BeerTap.Server.Hosting;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Security;

internal static class Registration
{
    /// <exception cref="SettingsException">A configured key is no good, or others could reach a hub that has no key.</exception>
    /// <exception cref="KeyFileException">The stored keys cannot be read.</exception>
    public static void AddSecurity(this WebApplicationBuilder builder, Settings settings)
    {
        var faults = new List<string>();
        var keys = new ApiKeys(settings.Security, settings.Storage.Path, TimeProvider.System, faults.Add);
        var others = ThisMachine.AddressesOfOthers(builder.Configuration);
        var access = new Access(keys, settings.Security, thisMachineOnly: others.Count == 0);

        // A hub that shares a log may get its keys from the others; until then it lets nobody in.
        if (faults.Count == 0 && !settings.Replication.IsShared && access.RefusalToStart(others, KeysCommand.ToMakeOne(settings.Storage.Path)) is { } refusal) faults.Add(refusal);
        if (faults.Count > 0) throw new SettingsException(faults);

        builder.Services.AddSingleton(keys);
        builder.Services.AddSingleton(provider => new Access(keys, settings.Security, others.Count == 0, provider.GetService<LogStatus>()));
        builder.Services.AddSingleton(new HostNames(settings.Security, thisMachineOnly: others.Count == 0));
        builder.Services.AddSingleton<KeyedListeners>();
        builder.Services.AddHostedService<KeyWatch>();
        builder.Services.AddOrigins(settings.Security);
        builder.Services.AddSingleton(settings.Security);
    }

    /// <summary>Refuses foreign host names, on everything but health.</summary>
    public static void UseHosts(this WebApplication app) => app.Services.GetRequiredService<HostNames>().Check(app);

    /// <summary>The doors in the order a request comes to them: how often, from which page, with whose key, whether it may, and whether there is room.</summary>
    public static void UseSecurity(this WebApplication app)
    {
        // SignalR registers the framework's authorization, and the host would put its middleware first in the row: a wait more for every request, for nothing.
        ((IApplicationBuilder)app).Properties["__AuthorizationMiddlewareSet"] = true;

        var access = app.Services.GetRequiredService<Access>();
        var command = KeysCommand.ToMakeOne(app.Services.GetRequiredService<Storage.StorageOptions>().Path);
        if (access.Open) Log.Open(app.Logger, command);
        else if (app.Services.GetRequiredService<ApiKeys>() is { AnyGood: false } keys)
        {
            if (keys.Any) Log.NoGoodKey(app.Logger, command);
            else Log.NoKeyYet(app.Logger);
        }

        if (app.Services.GetRequiredService<SecurityOptions>().Reading == Reading.Keys && !app.Services.GetRequiredService<ApiKeys>().AnyGood)
            Log.NoKeyToRead(app.Logger, command);

        // Before the first refusal: without its permission a browser hides an answer from a page of another origin, and an EventSource ends for good.
        app.UsePermittedOrigins(app.Services.GetRequiredService<SecurityOptions>());
        var limits = app.Services.GetRequiredService<RequestLimits>();
        Framing.Check(app);
        limits.LimitAddresses(app);
        app.UseOrigins(app.Services.GetRequiredService<SecurityOptions>());
        new KeyAuthentication(app.Services.GetRequiredService<ApiKeys>(), app.Services.GetRequiredService<ILogger<KeyAuthentication>>()).Use(app);
        limits.LimitKeys(app);
        Rights.Ask(app, access, app.Services.GetRequiredService<Taps.RefusedPours>());
        app.Services.GetRequiredService<ListenerLimits>().Limit(app);
    }
}
