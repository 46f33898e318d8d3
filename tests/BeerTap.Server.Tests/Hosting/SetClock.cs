namespace BeerTap.Server.Tests.Hosting;

/// <summary>The system's clock, set forward or back as a person or NTP does; what measures durations goes on.</summary>
internal sealed class SetClock(TimeSpan ahead = default) : TimeProvider
{
    private long _ahead = ahead.Ticks;

    public TimeSpan Ahead
    {
        get => new(Interlocked.Read(ref _ahead));
        set => Interlocked.Exchange(ref _ahead, value.Ticks);
    }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
}
