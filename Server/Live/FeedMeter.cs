using System.Diagnostics.Metrics;

namespace BeerTap.Server.Live;

/// <summary>What can be measured about listeners and what they are sent, under the meter <c>BeerTap.Feed</c>.</summary>
/// <remarks>A delivery costs its pump one addition in a field of its own; everything else here happens when a listener comes or goes.</remarks>
internal sealed class FeedMeter
{
    public const string Name = "BeerTap.Feed";

    private readonly Meter _meter;
    private readonly int[] _cursors = new int[Frames.Formats];
    private readonly string[] _transports = new string[Frames.Formats];
    private readonly Counter<long> _resumes;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _closes;

    public FeedMeter(IMeterFactory meters)
    {
        _meter = meters.Create(Name);
        _meter.CreateObservableUpDownCounter("beertap.feed.cursors", Cursors, "{cursor}", "Listeners that are served, by transport.");
        _resumes = _meter.CreateCounter<long>("beertap.feed.resumes", "{listener}", "Listeners that came with a position and went on from there.");
        _reloads = _meter.CreateCounter<long>("beertap.feed.reloads", "{listener}", "Listeners that came with a position of another log and were told to reload.");
        _closes = _meter.CreateCounter<long>("beertap.feed.closes", "{listener}", "Listeners that the hub closed or cut, by reason.");
    }

    /// <summary>Begins to show what the pumps count.</summary>
    public void Watch(IReadOnlyList<Pump> pumps, EventLog events)
    {
        _meter.CreateObservableUpDownCounter(
            "beertap.feed.busy", () => pumps.Sum(pump => pump.Busy), "{cursor}", "Listeners with a write or a read from the store under way.");
        _meter.CreateObservableCounter(
            "beertap.feed.deliveries", () => pumps.Sum(pump => pump.Delivered), "{event}", "Events of the log that were given to a listener's connection.");
        _meter.CreateObservableGauge(
            "beertap.feed.lag", () => Lag(pumps, events), "{event}", "How many events the slowest listener lacks, as of the last second.");
    }

    public void Joined(Subscriber subscriber)
    {
        _transports[(int)subscriber.Format] = subscriber.Transport;
        Interlocked.Increment(ref _cursors[(int)subscriber.Format]);
    }

    public void Left(Subscriber subscriber) => Interlocked.Decrement(ref _cursors[(int)subscriber.Format]);

    public void Resumed() => _resumes.Add(1);

    public void Reloaded() => _reloads.Add(1);

    public void Closed(CloseReason reason) => _closes.Add(1, new KeyValuePair<string, object?>("beertap.reason", reason.Name));

    private IEnumerable<Measurement<int>> Cursors()
    {
        for (var format = 0; format < Frames.Formats; format++)
        {
            // A transport that nobody came over has no name yet.
            if (_transports[format] is { } transport)
                yield return new Measurement<int>(Volatile.Read(ref _cursors[format]), new KeyValuePair<string, object?>("beertap.transport", transport));
        }
    }

    private static long Lag(IReadOnlyList<Pump> pumps, EventLog events)
    {
        var slowest = pumps.Min(pump => pump.Slowest);
        return slowest == long.MaxValue ? 0 : Math.Max(0, events.Head - slowest);
    }
}
