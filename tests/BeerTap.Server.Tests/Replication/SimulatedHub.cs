using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A hub as far as the log is concerned: a committer over a store, which can be stopped, crash, and begin again.</summary>
internal sealed class SimulatedHub : IDisposable
{
    private readonly SimulatedLog _log;
    private readonly SimulatedTime _time;
    private readonly Func<IBeerStore> _open;
    private readonly ReplicationOptions _options;
    private readonly IntakeOptions _intake;
    private readonly ISharedKeys? _keys;
    private readonly List<long> _announced = [];
    private readonly List<LogException> _refused = [];
    private ReplicatedCommitter? _committer;

    public SimulatedHub(SimulatedLog log, SimulatedTime time, Func<IBeerStore> open, bool start = true, TimeSpan? timeout = null, IntakeOptions? intake = null, ISharedKeys? keys = null)
    {
        (_log, _time, _open, _keys) = (log, time, open, keys);
        _options = new ReplicationOptions { Provider = "RabbitMq", Timeout = timeout ?? LogTimeout };
        _intake = intake ?? new IntakeOptions { MaxCommit = 20, QueueCapacity = 200 };
        Link = new SimulatedLink(log);
        if (start) Start();
    }

    /// <summary>How long a caller waits for the log, where nothing else is said.</summary>
    public static TimeSpan LogTimeout { get; } = TimeSpan.FromSeconds(5);

    public SimulatedLink Link { get; private set; }

    public UnsteadyStore Store { get; private set; } = null!;

    public LogStatus Status { get; private set; } = null!;

    public ReplicatedCommitter Committer => _committer!;

    /// <summary>Why the hub and the log do not belong together, as often as it was said.</summary>
    public IReadOnlyList<LogException> Refused
    {
        get { lock (_refused) return [.. _refused]; }
    }

    /// <summary>The positions that this start announced.</summary>
    public IReadOnlyList<long> Announced
    {
        get { lock (_announced) return [.. _announced]; }
    }

    public long FirstHead { get; private set; }

    public IReadOnlyList<LogEvent> Log => Store.ReadLog(0, int.MaxValue);

    public void Start()
    {
        Store = new UnsteadyStore(_open());
        FirstHead = Store.Head;
        lock (_announced) _announced.Clear();
        Status = new LogStatus(_time);
        try
        {
            _committer = new ReplicatedCommitter(
                new LogWriter(Store, _ => { }, Announce, PlainMeters.Intake(), NullLogger.Instance),
                Link, Store.Epoch, _options, _intake, Status, Refuse, _time, NullLogger.Instance, _keys);
        }
        catch
        {
            Store.Dispose();
            throw;
        }

        _committer.Start();
    }

    /// <summary>Ends this start; after a crash nothing that it did reaches the disk or the log any more. Blocks while callers are answered.</summary>
    public void End(bool crash)
    {
        if (_committer is null) return;
        if (crash)
        {
            Store.Crash();
            Link.Cut = true;
            Link = new SimulatedLink(_log);
        }

        _committer.Dispose();
        _committer = null;
        Store.Dispose();
    }

    public void Dispose() => End(crash: false);

    private void Announce(CommittedBatch batch)
    {
        lock (_announced) _announced.AddRange(batch.Events.Select(entry => entry.Seq));
    }

    private void Refuse(LogException fault)
    {
        lock (_refused) _refused.Add(fault);
    }
}
