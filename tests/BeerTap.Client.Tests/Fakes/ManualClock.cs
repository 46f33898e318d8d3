namespace BeerTap.Client.Tests.Fakes;

/// <summary>A clock that goes when told to; timers due meanwhile fire from <see cref="Advance"/>.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _change = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public int Timers
    {
        get
        {
            lock (_change) return _timers.Count(timer => timer.Due is not null);
        }
    }

    /// <summary>How long until the last timer is due, or null when there is none.</summary>
    public TimeSpan? LastIn
    {
        get
        {
            lock (_change) return _timers.Max(timer => timer.Due) - _now;
        }
    }

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 3, 1, 18, 0, 0, TimeSpan.Zero) + Now();

    public override long GetTimestamp() => Now().Ticks;

    public void Advance(TimeSpan by)
    {
        List<ManualTimer> due;
        lock (_change)
        {
            _now += by;
            due = _timers.FindAll(timer => timer.Due <= _now);
            due.ForEach(timer => timer.Due = null);
        }

        due.ForEach(timer => timer.Fire());
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        lock (_change) _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    private TimeSpan Now()
    {
        lock (_change) return _now;
    }

    private sealed class ManualTimer(ManualClock clock, Action fire) : ITimer
    {
        public TimeSpan? Due { get; set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._change) Due = dueTime < TimeSpan.Zero ? null : clock._now + dueTime;
            return true;
        }

        public void Dispose()
        {
            lock (clock._change) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
