using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A connection to the simulated log. What was on its way when it ends is still given, as a client's buffer would.</summary>
internal sealed class SimulatedSession : ILogSession
{
    private readonly SimulatedLog _log;
    private readonly Action<LogDelivery> _deliver;
    private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _from;
    private ulong _given, _taken;

    public SimulatedSession(SimulatedLog log, SimulatedLink link, long from, Action<LogDelivery> deliver, long entries)
    {
        (_log, Link, _from, _deliver, Entries) = (log, link, from, deliver, entries);
        _ = Task.Run(GiveAsync);
    }

    public SimulatedLink Link { get; }

    /// <summary>What came into the log over this session; the log's own.</summary>
    public List<byte[]> Sent { get; } = [];

    /// <summary>How many of the next entries a new leader drops; the log's own.</summary>
    public int Drops { get; set; }

    public string Name => "simulated";

    public long? Entries { get; }

    public bool IsNew { get; init; }

    public Task<string> Closed => _closed.Task;

    public Task AppendAsync(ReadOnlyMemory<byte> entry, CancellationToken cancel) => _log.AppendAsync(this, entry.ToArray(), cancel);

    public Task<IReadOnlyList<LogDelivery>> ReadEndAsync(CancellationToken cancel) => Task.FromResult(_log.ReadEnd(this));

    public void Took(LogDelivery delivery)
    {
        Volatile.Write(ref _taken, delivery.Tag);
        _log.Change();
    }

    public void End(string why) => _closed.TrySetResult(why);

    public ValueTask DisposeAsync()
    {
        End("disposed");
        _log.Forget(this);
        return default;
    }

    private async Task GiveAsync()
    {
        while (true)
        {
            var changed = _log.Changed;
            while (_given - Volatile.Read(ref _taken) < (ulong)_log.Ahead && _log.Next(_from) is var (offset, entry))
            {
                _from = offset + 1;
                _log.Count();
                _deliver(new LogDelivery(this, offset, entry, ++_given));
                if (Closed.IsCompleted) return;
            }

            await Task.WhenAny(changed, Closed);
            if (Closed.IsCompleted)
            {
                // One more, perhaps when there is another connection already.
                await _log.AWhileAsync();
                if (_log.Next(_from) is var (late, last)) _deliver(new LogDelivery(this, late, last, ++_given));
                return;
            }
        }
    }
}
