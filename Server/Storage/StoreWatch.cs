namespace BeerTap.Server.Storage;

/// <summary>Looks once a second whether the store's files are in their place, and says in the log when that changes.</summary>
internal sealed class StoreWatch(IBeerStore store, TimeProvider time, ILogger<StoreWatch> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (store.Files is not { } files) return;
        using var timer = new PeriodicTimer(LookEvery, time);
        var wasWrong = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var fault = files.Look(TimeSpan.Zero);
            if (fault is not null && !wasWrong) Log.FilesMoved(log, fault);
            else if (fault is null && wasWrong) Log.FilesBack(log);
            wasWrong = fault is not null;
        }
    }
}
