using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using BeerTap.Server.Hosting;
using BeerTap.Server.Replication;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Reads one hub's meters, the framework's among them, as an exporter would. Made before the hub's first connection: what went up and down is added up from then on.</summary>
internal sealed class Gauges : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Tags), double> _values = new();

    public Gauges(HubUnderTest hub)
    {
        var meters = hub.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The sum over all tags of an instrument; 0 for one that never said anything.</summary>
    public double this[string name]
    {
        get
        {
            _listener.RecordObservableInstruments();
            return _values.Where(value => value.Key.Instrument.Name == name).Sum(value => value.Value);
        }
    }

    /// <summary>What an instrument said, by tags.</summary>
    public IEnumerable<string> Of(string name)
    {
        _listener.RecordObservableInstruments();
        return _values.Where(value => value.Key.Instrument.Name == name).Select(value => $"{value.Key.Tags}={value.Value}");
    }

    /// <summary>What counts things that are there now, such as connections, and is not 0. Memory that a pool keeps, how the hub is, and how it stands to a shared log, are not things that are there.</summary>
    public IEnumerable<string> Remaining()
    {
        _listener.RecordObservableInstruments();
        return
            from value in _values
            let kind = value.Key.Instrument.GetType().Name
            where value.Value != 0 && (kind.Contains("UpDown", StringComparison.Ordinal) || kind.Contains("Gauge", StringComparison.Ordinal))
            where !value.Key.Instrument.Meter.Name.Contains("MemoryPool", StringComparison.Ordinal) && value.Key.Instrument.Meter.Name is not (HealthMeter.Name or LogMeter.Name)
            select $"{value.Key.Instrument.Name}{value.Key.Tags}={value.Value}";
    }

    public void Dispose() => _listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var key = (instrument, tags.Length == 0 ? "" : $"{{{string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}}}");
        _values.AddOrUpdate(key, value, (_, before) => instrument.IsObservable ? value : before + value);
    }
}
