using System.Diagnostics.Tracing;

namespace BeerTap.Server.Hosting;

/// <summary>Tells in the hub's log that the collector cannot be reached, once in five minutes: OpenTelemetry itself tells nobody who does not listen.</summary>
internal sealed class ExportFaults(ILogger log, TimeProvider time) : EventListener
{
    private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private long? _last;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Source) EnableEvents(eventSource, EventLevel.Warning);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        lock (_gate)
        {
            if (_last is { } last && time.GetElapsedTime(last) < Every) return;
            _last = time.GetTimestamp();
        }

        // The rest of it is a stack.
        Log.NotExported(log, string.Join(": ", eventData.Payload?.Select(part => part?.ToString()?.Split('\n')[0].Trim()) ?? []));
    }
}
