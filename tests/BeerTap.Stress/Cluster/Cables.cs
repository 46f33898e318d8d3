namespace BeerTap.Stress.Cluster;

/// <summary>All that connects one hub with the brokers.</summary>
internal sealed class Cables(IEnumerable<Uri> brokers) : IAsyncDisposable
{
    private readonly List<Cable> _all = [.. brokers.Select(broker => new Cable(broker))];

    public string ConnectionString => string.Join(',', _all.Select(cable => cable.Address.OriginalString));

    public void Cut() => _all.ForEach(cable => cable.Cut());

    public void Mend() => _all.ForEach(cable => cable.Mend());

    public async ValueTask DisposeAsync()
    {
        foreach (var cable in _all) await cable.DisposeAsync();
    }
}
