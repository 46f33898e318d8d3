using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Storage;

/// <summary>A migration that takes long says so for as long as it goes on.</summary>
public sealed class MigrationProgressTests
{
    [Fact]
    public void APartThatGoesOnIsToldAgainWithItsTimeAndSizeUntilTheNextBegins()
    {
        var (clock, said) = (new SteppedClock(), new List<string>());
        using (var progress = new MigrationProgress(said.Add, clock))
        {
            clock.Step();
            progress.Begin("copied", () => ", 3 of 9 MiB");
            clock.Step();
            clock.Step();
            progress.Begin("brought on");
            clock.Step();
        }

        clock.Step();
        Assert.Equal(["copied", "copied: 5 s so far, 3 of 9 MiB", "copied: 10 s so far, 3 of 9 MiB", "brought on", "brought on: 5 s so far"], said);
    }

    /// <summary>Its one timer runs once a step, as long after the one before as it was asked to.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private long _now;
        private TimeSpan _period;
        private Action? _tick;

        public override long GetTimestamp() => _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_tick, _period) = (() => callback(state), period);
            return new Timer(this);
        }

        public void Step()
        {
            _now += _period.Ticks;
            _tick?.Invoke();
        }

        private sealed class Timer(SteppedClock clock) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => clock._tick = null;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
