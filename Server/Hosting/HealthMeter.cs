using System.Diagnostics.Metrics;

namespace BeerTap.Server.Hosting;

/// <summary>The hub's health as numbers, under the meter <c>BeerTap.Health</c>.</summary>
internal sealed class HealthMeter
{
    public const string Name = "BeerTap.Health";

    public HealthMeter(IMeterFactory meters, HealthChecks checks)
    {
        var meter = meters.Create(Name);
        meter.CreateObservableGauge("beertap.health", () => Values(checks.Look()), "{check}", "1 for a check that is well and 0 for one that is not, by check.");
        meter.CreateObservableGauge("beertap.store.free", () => Free(checks), "By", "Bytes that are free on the disk of the store.");
    }

    private static IEnumerable<Measurement<int>> Values(HealthReport report) =>
        report.Ready.Select(check => new Measurement<int>(check.Value.IsOk ? 1 : 0, new KeyValuePair<string, object?>("beertap.check", check.Key)));

    private static IEnumerable<Measurement<long>> Free(HealthChecks checks) => checks.FreeBytes() is { } free ? [new Measurement<long>(free)] : [];
}
