using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Cluster;

/// <summary>Pourers at each of several hubs.</summary>
internal sealed class HubPourers(IReadOnlyList<Uri> hubs, PourBook book, int bareEvery = 0) : IAsyncDisposable
{
    private readonly List<Pourers> _all = [.. hubs.Select(hub => new Pourers(hub, book, bareEvery: bareEvery))];

    public IReadOnlyList<Pourers> All => _all;

    public IReadOnlyList<string> Refused => [.. _all.SelectMany(pourers => pourers.Refused)];

    public int Repeated => _all.Sum(pourers => pourers.Repeated);

    public int Unavailable => _all.Sum(pourers => pourers.Unavailable);

    public int Unadvised => _all.Sum(pourers => pourers.Unadvised);

    /// <summary>Pours a second, over all of them.</summary>
    public void Start(int perSecond) => _all.ForEach(pourers => pourers.Start((double)perSecond / _all.Count));

    public Task StopAsync(CancellationToken cancel) => Task.WhenAll(_all.Select(pourers => pourers.StopAsync(cancel)));

    public async ValueTask DisposeAsync()
    {
        foreach (var pourers in _all) await pourers.DisposeAsync();
    }
}
