namespace BeerTap.Server.Tests.Replication;

/// <summary>Lets a simulated clock go, some twenty times as fast as the real one, until it is stopped.</summary>
internal sealed class SimulatedClock
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(40);

    private readonly SimulatedTime _time;
    private readonly Task _going;
    private volatile bool _stopped;

    public SimulatedClock(SimulatedTime time)
    {
        _time = time;
        _going = Task.Run(GoAsync);
    }

    public Task StopAsync()
    {
        _stopped = true;
        return _going;
    }

    private async Task GoAsync()
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!_stopped)
        {
            _time.Advance(Step);

            // The pool has had its turn, however busy the machine is.
            for (var i = 0; i < 3; i++) await Task.Yield();
            await pace.WaitForNextTickAsync();
        }
    }
}
