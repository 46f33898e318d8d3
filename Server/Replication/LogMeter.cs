using System.Diagnostics.Metrics;

namespace BeerTap.Server.Replication;

/// <summary>How this hub stands to the log that it shares, as numbers, under the meter <c>BeerTap.Log</c>.</summary>
internal sealed class LogMeter
{
    public const string Name = "BeerTap.Log";

    public LogMeter(IMeterFactory meters, LogStatus status, OtherHubs others)
    {
        var meter = meters.Create(Name);
        meter.CreateObservableGauge("beertap.log.connected", () => status.Connected ? 1 : 0, "{connection}", "1 while the hub is connected to the log, else 0.");
        meter.CreateObservableGauge("beertap.log.offset", () => status.Offset, "{entry}", "The last entry of the log that was applied.");
        meter.CreateObservableCounter("beertap.log.entries", () => status.Applied, "{entry}", "Entries of the log that were applied, of all hubs.");
        meter.CreateObservableUpDownCounter("beertap.log.pending", () => status.Pending, "{entry}", "Entries of this hub that have not come out of the log yet.");
        meter.CreateObservableGauge("beertap.log.unproven", () => status.Unproven.TotalSeconds, "s", "For how long nothing of this hub has come through the log though it should have.");
        meter.CreateObservableGauge("beertap.log.hubs", () => others.Count + 1, "{hub}", "Hubs that were heard of in the last seconds, this one among them.");
    }
}
