using System.Diagnostics.Metrics;

namespace BeerTap.Server.Storage;

/// <summary>What can be measured about pours on their way to the disk, under the meter <c>BeerTap.Intake</c>.</summary>
internal sealed class IntakeMeter
{
    public const string Name = "BeerTap.Intake";

    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Counter<long> _pours;
    private readonly Histogram<int> _size;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _failures;
    private long _begun;
    private long _ended;
    private volatile CommitFailure? _failure;

    public IntakeMeter(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(Name);
        _pours = _meter.CreateCounter<long>("beertap.pours", "{pour}", "Pours that were stored, by glass type; a pour that was sent again counts once.");
        _size = _meter.CreateHistogram<int>("beertap.intake.commit.size", "{event}", "Events in one commit.");
        _duration = _meter.CreateHistogram<double>(
            "beertap.intake.commit.duration", "s", "How long one commit took, from the decisions to the flushed disk.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5] });
        _failures = _meter.CreateCounter<long>("beertap.intake.commit.failures", "{commit}", "Commits that failed, by reason; their callers were told 503.");
    }

    /// <summary>How many commits were begun; it stands still when the committer does.</summary>
    public long Begun => Volatile.Read(ref _begun);

    /// <summary>When the last commit reached the disk, as a timestamp; 0 before the first.</summary>
    public long LastCommitted => Volatile.Read(ref _ended);

    /// <summary>Why the last commit failed; null when it did not.</summary>
    public CommitFailure? Failure => _failure;

    /// <summary>Begins to show how many commands wait for the store.</summary>
    public void Watch(Func<int> waiting) =>
        _meter.CreateObservableUpDownCounter("beertap.intake.queue", waiting, "{command}", "Pours and deletions that wait for the disk.");

    /// <summary>A commit begins; the timestamp is for <see cref="Committed"/>.</summary>
    public long Begin()
    {
        Volatile.Write(ref _begun, _begun + 1);
        return _time.GetTimestamp();
    }

    /// <summary>A commit that began at a timestamp is on the disk.</summary>
    public void Committed(LogBatch batch, long began)
    {
        _failure = null;
        Volatile.Write(ref _ended, _time.GetTimestamp());
        _duration.Record(_time.GetElapsedTime(began).TotalSeconds);
        _size.Record(batch.Events.Count);
        if (!_pours.Enabled) return;
        foreach (var entry in batch.Events)
        {
            if (entry is BeerPoured { Beer: var beer }) _pours.Add(1, new KeyValuePair<string, object?>("beertap.glass", beer.Type));
        }
    }

    /// <summary>A commit failed and its callers are told so. One that the store refused for what it holds says nothing of the store.</summary>
    public void Failed(StoreFault fault)
    {
        if (fault != StoreFault.Refused) _failure = new CommitFailure(fault, _time.GetTimestamp());
        _failures.Add(1, new KeyValuePair<string, object?>("beertap.reason", fault.ToString()));
    }
}

/// <summary>Why and when a commit failed; the time is a timestamp.</summary>
internal sealed record CommitFailure(StoreFault Fault, long At);
