using BeerTap.Processes;

namespace BeerTap.Server.Tests.Hosting;

/// <inheritdoc cref="LocalLogFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LocalLogTheoryAttribute : TheoryAttribute
{
    public LocalLogTheoryAttribute(string why)
    {
        Why = why;
        if (SharedLog.Brokers is not null) Skip = why;
    }

    /// <summary>Why it makes no sense with a shared log.</summary>
    public string Why { get; }
}
