namespace BeerTap.Server.Live;

/// <summary>Wakes one thread that waits for work. However often it is rung before the thread answers, it is one ring.</summary>
/// <remarks>A monitor, because its wait neither spins nor yields: on a machine of one core that would be the time of those who bring the work.</remarks>
internal sealed class Bell
{
    private readonly object _gate = new();
    private int _rung;

    /// <summary>From any thread, behind the work that it tells of.</summary>
    public void Ring()
    {
        if (Interlocked.Exchange(ref _rung, 1) != 0) return;
        lock (_gate) Monitor.Pulse(_gate);
    }

    /// <summary>Waits for a ring. A full fence: work that is brought after this rings anew, work that was brought before is seen.</summary>
    public void Await()
    {
        lock (_gate)
        {
            while (Volatile.Read(ref _rung) == 0) Monitor.Wait(_gate);
        }

        Interlocked.Exchange(ref _rung, 0);
    }
}
