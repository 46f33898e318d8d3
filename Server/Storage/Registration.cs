using System.Reflection;
using BeerTap.Server.Hosting;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Storage;

internal static class Registration
{
    /// <param name="epochOfNew">The epoch of a store that is made now, where it is not to be its own.</param>
    public static void AddStorage(this IServiceCollection services, Settings settings, string? epochOfNew)
    {
        services.AddSingleton(settings.Storage);
        services.AddSingleton(settings.Intake);
        services.AddSingleton<IBeerStore>(hub =>
        {
            var log = hub.GetRequiredService<ILogger<BeerRepository>>();
            return Open(settings.Storage, epochOfNew, work => Log.StoreWorks(log, work));
        });
        services.AddSingleton<IntakeMeter>();
        if (settings.Replication.IsShared) services.AddReplication(settings);
        else services.AddSingleton<Func<LogWriter, ICommitter>>(writer => new GroupCommitter(writer, settings.Intake));
        services.AddSingleton<BeerRepository>();
        services.AddHostedService<StoreWatch>();
    }

    /// <param name="say">Told what is done where it takes long.</param>
    /// <exception cref="StoreException">The store cannot be opened; the message says what to do.</exception>
    public static IBeerStore Open(StorageOptions options, string? epochOfNew = null, Action<string>? say = null)
    {
        var folder = StoreFolder.Hold(options.Path, epochOfNew);
        try
        {
            UnfinishedRestore.Refuse(folder.Path);
            var isSqlite = options.Provider.Equals("sqlite", StringComparison.OrdinalIgnoreCase);
            if (isSqlite) RefuseTheOther(folder, SqliteFiles.FileName, StoreFolder.LiteDbName, "litedb");
            else RefuseTheOther(folder, StoreFolder.LiteDbName, SqliteFiles.FileName, "sqlite");
            return isSqlite ? new SqliteBeerStore(folder, options.AcceptLoss, say: say) : OpenLiteDb(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A hub with the wrong setting must not begin an empty store beside the one that it is meant to serve.</summary>
    private static void RefuseTheOther(StoreFolder folder, string own, string other, string provider)
    {
        if (File.Exists(folder.File(own)) || !File.Exists(folder.File(other))) return;
        throw new StoreException(
            $"The folder {folder.Path} holds a store of the other kind ({other}). Set Storage:Provider to {provider}, or Storage:Path to another "
            + "folder; nothing was made.");
    }

    /// <summary>LiteDB's store is compiled in on request, so it is looked up by name: nothing else in the code depends on how it was built.</summary>
    private static IBeerStore OpenLiteDb(StoreFolder folder)
    {
        var store = typeof(Registration).Assembly.GetType("BeerTap.Server.Storage.LiteDbBeerStore")
            ?? throw new StoreException("This build has no LiteDB store. Build with -p:LiteDb=true, or set Storage:Provider to sqlite.");

        // Its refusals come out as they are, so that the program can tell them.
        const BindingFlags AsThrown = BindingFlags.DoNotWrapExceptions | BindingFlags.Public | BindingFlags.Instance;
        return (IBeerStore)Activator.CreateInstance(store, AsThrown, binder: null, [folder], culture: null)!;
    }
}
