using BeerTap.Processes;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>A test of a hub that orders its log itself: skipped when the hubs under test share one (<see cref="SharedLog"/>).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LocalLogFactAttribute : FactAttribute
{
    public LocalLogFactAttribute(string why)
    {
        Why = why;
        if (SharedLog.Brokers is not null) Skip = why;
    }

    /// <summary>Why it makes no sense with a shared log.</summary>
    public string Why { get; }
}
