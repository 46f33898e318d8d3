namespace BeerTap.Server.Security;

/// <summary>
/// Notices what the command line did to the keys, and writes down when keys were used. It looks at the files itself: a watcher of the system's
/// hears nothing across containers that share a volume.
/// </summary>
internal sealed class KeyWatch(ApiKeys keys, TimeProvider time, ILogger<KeyWatch> log) : BackgroundService
{
    /// <summary>A revoked key is out within a second: this, the time to tell its connections, and the time until one that does not go is cut.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(1);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Save();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        var saved = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            keys.RefreshIfChanged(log);
            if (time.GetElapsedTime(saved) < SaveEvery) continue;
            saved = time.GetTimestamp();
            Save();
        }
    }

    private void Save()
    {
        try
        {
            keys.Uses.Save();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Log.UsesNotSaved(log, fault.Message);
        }
    }
}
