using System.Diagnostics.Metrics;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Meters for what is tested without a hub around it; nobody reads them.</summary>
internal sealed class PlainMeters : IMeterFactory
{
    public static IntakeMeter Intake() => new(new PlainMeters(), TimeProvider.System);

    public Meter Create(MeterOptions options) => new(options);

    public void Dispose()
    {
    }
}
