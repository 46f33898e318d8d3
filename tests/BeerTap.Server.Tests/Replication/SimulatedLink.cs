using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Replication;

/// <summary>One hub's way to the log, which can be cut.</summary>
internal sealed class SimulatedLink(SimulatedLog log) : ILogStream
{
    private volatile bool _cut;

    /// <summary>Whether this hub alone is cut off.</summary>
    public bool Cut
    {
        get => _cut;
        set
        {
            _cut = value;
            if (value) log.Break(this);
        }
    }

    /// <summary>What opening throws, if anything; for faults that no engine should have.</summary>
    public Func<Exception?> Surprise { get; set; } = () => null;

    public Task<ILogSession> OpenAsync(long from, Action<LogDelivery> deliver, CancellationToken cancel)
    {
        if (Surprise() is { } surprise) throw surprise;
        ThrowIfCut();
        return log.OpenAsync(this, from, deliver, cancel);
    }

    public void ThrowIfCut()
    {
        if (_cut) throw new IOException("cut off");
    }
}
