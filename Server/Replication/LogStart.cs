using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>Begins to apply the log when all who must hear of commits listen, before the hub takes its first request.</summary>
internal sealed class LogStart(BeerRepository repository) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        repository.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
