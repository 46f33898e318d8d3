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

    public IntakeMeter(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(Name);
        _pours = _meter.CreateCounter<long>("beertap.pours", "{pour}", "Pours that were stored, by glass type; a pour that was sent again counts once.");
        _size = _meter.CreateHistogram<int>("beertap.intake.commit.size", "{event}", "Events in one commit.");
        _duration = _meter.CreateHistogram<double>(
            "beertap.intake.commit.duration", "s", "How long one commit took, from the decisions to the flushed disk.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5] });
    }

    /// <summary>Begins to show how many commands wait for the store.</summary>
    public void Watch(Func<int> waiting) =>
        _meter.CreateObservableUpDownCounter("beertap.intake.queue", waiting, "{command}", "Pours and deletions that wait for the disk.");

    /// <summary>A commit begins; the timestamp is for <see cref="Committed"/>.</summary>
    public long Begin() => _time.GetTimestamp();

    /// <summary>A commit that began at a timestamp is on the disk.</summary>
    public void Committed(LogBatch batch, long began)
    {
        _duration.Record(_time.GetElapsedTime(began).TotalSeconds);
        _size.Record(batch.Events.Count);
        if (!_pours.Enabled) return;
        foreach (var entry in batch.Events)
        {
            if (entry is BeerPoured { Beer: var beer }) _pours.Add(1, new KeyValuePair<string, object?>("beertap.glass", beer.Type));
        }
    }
}
