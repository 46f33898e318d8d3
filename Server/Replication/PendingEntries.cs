using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>What this hub handed to the log and has not seen in it yet, in the order of the numbers.</summary>
/// <param name="most">How many may be on their way at once.</param>
internal sealed class PendingEntries(int most, TimeProvider time)
{
    /// <summary>How often it is looked whether enough is ready, while nothing comes through.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(1);

    // Guarded by itself.
    private readonly LinkedList<PendingEntry> _pending = [];
    private long _unprovenSince = time.GetTimestamp();
    private bool _proven;
    private long _provenAt = time.GetTimestamp();
    private long _cameThrough;

    /// <summary>For how long nothing of this hub's has come through the log though it should have; zero while all is well.</summary>
    public TimeSpan Unproven
    {
        get { lock (_pending) return _proven ? TimeSpan.Zero : time.GetElapsedTime(_unprovenSince); }
    }

    /// <summary>For how long nothing of this hub's has come through the log, for whatever reason.</summary>
    public TimeSpan SinceProof
    {
        get { lock (_pending) return time.GetElapsedTime(_provenAt); }
    }

    /// <summary>
    /// When the newest entry of this hub's that came through was made, as a timestamp; 0 before the first. Whatever was in the log at that moment has been applied.
    /// </summary>
    public long CameThrough
    {
        get { lock (_pending) return _cameThrough; }
    }

    /// <summary>Whether none is on its way.</summary>
    public bool IsEmpty
    {
        get { lock (_pending) return _pending.Count == 0; }
    }

    /// <summary>How many are on their way.</summary>
    public int Count
    {
        get { lock (_pending) return _pending.Count; }
    }

    /// <summary>Waits until none is on its way, or there is room for another and as many submissions are ready for it as the last one has.</summary>
    public void WaitForTurn(Func<int> ready)
    {
        lock (_pending)
        {
            while (_pending.Last is { Value: var last } && (_pending.Count >= most || ready() < last.Submissions.Count)) Monitor.Wait(_pending, LookEvery);
        }
    }

    /// <summary>Waits until none is on its way, but not for ever.</summary>
    public void WaitUntilEmpty(TimeSpan longest)
    {
        var began = time.GetTimestamp();
        lock (_pending)
        {
            while (_pending.Count > 0 && longest - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero) Monitor.Wait(_pending, left);
        }
    }

    /// <summary>Whose commands an entry holds; none when it is not on its way.</summary>
    public IReadOnlyList<Submission> SubmissionsOf(long number)
    {
        lock (_pending) return _pending.FirstOrDefault(entry => entry.Number == number)?.Submissions ?? [];
    }

    public void Add(PendingEntry entry)
    {
        lock (_pending)
        {
            _pending.AddLast(entry);
            if (_proven) Doubt(entry.Since);
        }
    }

    /// <summary>What is on its way now.</summary>
    public IReadOnlyList<PendingEntry> All()
    {
        lock (_pending) return [.. _pending];
    }

    /// <summary>The connection is gone: from now on it is not known whether the log takes entries.</summary>
    public void Doubt()
    {
        lock (_pending)
        {
            if (_proven) Doubt(time.GetTimestamp());
        }
    }

    /// <summary>An entry of this hub's came out of the log: it takes entries, up to this one at least.</summary>
    public void Heard(long number)
    {
        lock (_pending)
        {
            _provenAt = time.GetTimestamp();
            var next = _pending.FirstOrDefault(entry => entry.Number > number);
            _proven = next is null;
            if (next is not null) _unprovenSince = next.Since;
        }
    }

    /// <summary>
    /// An entry of this hub's came out of the log. Gives it, if its callers still wait, and those before it that did not come: they are overtaken and
    /// nobody will apply them.
    /// </summary>
    /// <param name="applied">False while the store does not take it.</param>
    public (PendingEntry? Own, IReadOnlyList<PendingEntry> Overtaken) Take(long number, bool applied = true)
    {
        lock (_pending)
        {
            List<PendingEntry> overtaken = [];
            while (_pending.First is { Value: var first } && first.Number < number)
            {
                overtaken.Add(first);
                _pending.RemoveFirst();
            }

            var own = _pending.First is { Value: var next } && next.Number == number ? next : null;
            if (own is not null)
            {
                _pending.RemoveFirst();
                if (applied) _cameThrough = own.Since;
            }

            Monitor.PulseAll(_pending);
            return (own, overtaken);
        }
    }

    /// <summary>Takes out what has been on its way for too long, or everything. It may come through the log all the same, and is applied then.</summary>
    public IReadOnlyList<PendingEntry> GiveUp(TimeSpan olderThan)
    {
        lock (_pending)
        {
            List<PendingEntry> late = [];
            while (_pending.First is { Value: var first } && time.GetElapsedTime(first.Since) >= olderThan)
            {
                late.Add(first);
                _pending.RemoveFirst();
            }

            Monitor.PulseAll(_pending);
            return late;
        }
    }

    private void Doubt(long since) => (_proven, _unprovenSince) = (false, since);
}
