using BeerTap.Server.Tests.Storage;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A clock that goes only when it is put forward. What is due then runs on the pool, as with a real one.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];
    private long _now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Now => new(GetTimestamp());

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(StoreUnderTest.Noon) + Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, () => callback(state));
        alarm.Change(dueTime, period);
        return alarm;
    }

    public void Advance(TimeSpan by)
    {
        List<Alarm> due;
        lock (_gate)
        {
            Volatile.Write(ref _now, _now + by.Ticks);
            due = [.. _alarms.Where(alarm => alarm.Due <= _now).OrderBy(alarm => alarm.Due)];
            foreach (var alarm in due)
            {
                if (alarm.Period > 0) alarm.Due = _now + alarm.Period;
                else _alarms.Remove(alarm);
            }
        }

        foreach (var alarm in due) ThreadPool.QueueUserWorkItem(_ => alarm.Ring());
    }

    private sealed class Alarm(SimulatedTime time, Action ring) : ITimer
    {
        public long Due { get; set; }

        public long Period { get; private set; }

        public Action Ring => ring;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._alarms.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                (Due, Period) = (time._now + dueTime.Ticks, period == Timeout.InfiniteTimeSpan ? 0 : period.Ticks);
                if (dueTime > TimeSpan.Zero) time._alarms.Add(this);
            }

            if (dueTime == TimeSpan.Zero) ThreadPool.QueueUserWorkItem(_ => ring());
            return true;
        }

        public void Dispose()
        {
            lock (time._gate) time._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
