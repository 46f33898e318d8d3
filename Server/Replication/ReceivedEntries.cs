namespace BeerTap.Server.Replication;

/// <summary>What came out of the log and waits to be applied, in order: added by whoever hears it, taken by one thread.</summary>
internal sealed class ReceivedEntries
{
    // Guarded by itself. A monitor, because its wait neither spins nor yields.
    private readonly Queue<ReceivedEntry> _waiting = [];
    private bool _over;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get { lock (_waiting) return _waiting.Count; }
    }

    public void Add(ReceivedEntry entry)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(entry);
            if (_waiting.Count == 1) Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Takes what waits, until so many commands are together; waits for the first. How many commands they are; null when no more will come.</summary>
    public int? Take(List<ReceivedEntry> taken, int most)
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0)
            {
                if (_over) return null;
                Monitor.Wait(_waiting);
            }

            var commands = 0;
            do
            {
                var entry = _waiting.Dequeue();
                taken.Add(entry);
                commands += entry.Entry.Commands.Count;
            }
            while (commands < most && _waiting.Count > 0);

            return commands;
        }
    }

    /// <summary>From now on no more comes; what waits can still be taken.</summary>
    public void Close()
    {
        lock (_waiting)
        {
            _over = true;
            Monitor.Pulse(_waiting);
        }
    }
}
