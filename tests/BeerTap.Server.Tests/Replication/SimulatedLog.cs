using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Replication;

/// <summary>
/// The log that hubs share, in memory, and an engine that fails in all the ways a seed can think of: connections break before, while and after an
/// append; entries are lost, late, or there twice; a run of them is sent again by a new leader; offsets have holes; most brokers are away for a while.
/// </summary>
internal sealed class SimulatedLog(Random random, SimulatedTime time)
{
    private readonly Lock _gate = new();
    private readonly List<(long Offset, byte[] Entry)> _entries = [];
    private readonly List<byte[]> _limbo = [];
    private readonly HashSet<SimulatedSession> _sessions = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _majority = true;
    private long _next;
    private int _opened, _given;

    /// <summary>How likely each call meets a fault: 0 never, 1 about every fifth.</summary>
    public double Trouble { get; set; }

    /// <summary>How many entries a session may give that were not taken yet.</summary>
    public int Ahead { get; init; } = 50;

    /// <summary>How many entries sessions have given, in all.</summary>
    public int Given => Volatile.Read(ref _given);

    public void Count() => Interlocked.Increment(ref _given);

    /// <summary>How many connections were made.</summary>
    public int Opened => Volatile.Read(ref _opened);

    public IReadOnlyList<(long Offset, byte[] Entry)> Entries
    {
        get { lock (_gate) return [.. _entries]; }
    }

    /// <summary>Whether most brokers are there. While not, nothing is given; what is handed over may come into the log afterwards, or never.</summary>
    public bool Majority
    {
        get { lock (_gate) return _majority; }
        set
        {
            lock (_gate)
            {
                _majority = value;
                if (value)
                {
                    var all = Trouble == 0 || random.Next(3) > 0;
                    foreach (var entry in _limbo.Where(_ => all || random.Next(2) == 0)) Commit(entry);
                    _limbo.Clear();
                }

                Change();
            }
        }
    }

    /// <summary>Told of each entry that is handed over; what it gives back happens in the place of luck.</summary>
    public Func<byte[], Fate?> Decide { get; set; } = _ => null;

    /// <summary>The log's next change.</summary>
    public Task Changed
    {
        get { lock (_gate) return _changed.Task; }
    }

    public async Task<ILogSession> OpenAsync(SimulatedLink link, long from, Action<LogDelivery> deliver, CancellationToken cancel)
    {
        var delay = TimeSpan.Zero;
        lock (_gate)
        {
            if (Hits(0.3) || (!_majority && random.Next(2) == 0)) throw new IOException("refused");
            if (Hits(0.3)) delay = TimeSpan.FromMilliseconds(random.Next(2_000));
        }

        if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancel);
        lock (_gate)
        {
            link.ThrowIfCut();
            _opened++;

            // Of those that find it empty some take themselves for the one who made it.
            var session = new SimulatedSession(this, link, from, deliver, _entries.Count) { IsNew = _entries.Count == 0 && random.Next(2) == 0 };
            _sessions.Add(session);
            return session;
        }
    }

    public async Task AppendAsync(SimulatedSession session, byte[] entry, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (session.Closed.IsCompleted) throw new IOException("it is over");
            var fate = Decide(entry) ?? Draw();
            if (!_majority)
            {
                if (Trouble == 0 || random.Next(4) > 0) _limbo.Add(entry);
                if (fate != Fate.Hangs) return;
            }

            switch (fate)
            {
                case Fate.BreaksBefore:
                    session.End("broken before");
                    throw new IOException("broken before");
                case Fate.BreaksWhile:
                    if (random.Next(2) == 0) Commit(entry);
                    session.End("broken while");
                    throw new IOException("broken while");
                case Fate.BreaksAfter:
                    Commit(entry);
                    session.End("broken after");
                    return;
                case Fate.Lost:
                    return;
                case Fate.Late:
                    _ = CommitLaterAsync(entry);
                    return;
                case Fate.Twice:
                    Commit(entry);
                    _ = CommitLaterAsync(entry);
                    return;
                case Fate.NewLeader:
                    Commit(entry);
                    foreach (var again in session.Sent.TakeLast(random.Next(1, 6))) Commit(again);
                    session.Drops = random.Next(4);
                    return;
                case Fate.Hangs:
                    if (random.Next(2) == 0) _ = CommitLaterAsync(entry);
                    break;
                default:
                    if (session.Drops-- > 0) return;
                    session.Sent.Add(entry);
                    Commit(entry);
                    return;
            }
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
    }

    public IReadOnlyList<LogDelivery> ReadEnd(SimulatedSession session)
    {
        lock (_gate)
        {
            if (session.Closed.IsCompleted) throw new IOException("it is over");
            return _majority ? [.. _entries.TakeLast(random.Next(1, 5)).Select(entry => new LogDelivery(session, entry.Offset, entry.Entry, 0))] : [];
        }
    }

    /// <summary>What a session gives next; null when there is nothing now.</summary>
    public (long Offset, byte[] Entry)? Next(long from)
    {
        lock (_gate)
        {
            if (!_majority) return null;
            var at = _entries.BinarySearch((from, []), Comparer<(long Offset, byte[])>.Create((one, other) => one.Offset.CompareTo(other.Offset)));
            at = at < 0 ? ~at : at;
            return at < _entries.Count ? _entries[at] : null;
        }
    }

    public Task AWhileAsync()
    {
        lock (_gate) return Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 2_000)), time, CancellationToken.None);
    }

    /// <summary>Something that no hub wrote, or one wrote long ago.</summary>
    public long Put(byte[] entry)
    {
        lock (_gate)
        {
            Commit(entry);
            return _entries[^1].Offset;
        }
    }

    /// <summary>Retention: the oldest entries are gone.</summary>
    public void DropBefore(long offset)
    {
        lock (_gate) _entries.RemoveAll(entry => entry.Offset < offset);
    }

    /// <summary>The brokers lost what they had confirmed: the log goes on from an earlier offset, or is made anew (0).</summary>
    public void CutAt(long offset)
    {
        lock (_gate)
        {
            _entries.RemoveAll(entry => entry.Offset >= offset);
            _next = offset;
            BreakAll();
        }
    }

    public void BreakAll()
    {
        lock (_gate)
        {
            foreach (var session in _sessions) session.End("all were cut");
            _sessions.Clear();
        }
    }

    public void BreakOne()
    {
        lock (_gate)
        {
            if (_sessions.Count > 0) _sessions.ElementAt(random.Next(_sessions.Count)).End("one was cut");
        }
    }

    public void Break(SimulatedLink link)
    {
        lock (_gate)
        {
            foreach (var session in _sessions.Where(session => session.Link == link)) session.End("the link was cut");
        }
    }

    public void Forget(SimulatedSession session)
    {
        lock (_gate) _sessions.Remove(session);
    }

    public void Change()
    {
        lock (_gate)
        {
            _changed.TrySetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task CommitLaterAsync(byte[] entry)
    {
        TimeSpan delay;
        lock (_gate) delay = TimeSpan.FromMilliseconds(random.Next(1, 4_000));
        await Task.Delay(delay, time, CancellationToken.None);
        lock (_gate)
        {
            if (_majority) Commit(entry);
            else _limbo.Add(entry);
        }
    }

    private void Commit(byte[] entry)
    {
        // The engine takes numbers for itself now and then; the first is always 0.
        if (_next > 0 && random.Next(20) == 0) _next += random.Next(1, 3);
        _entries.Add((_next++, entry));
        Change();
    }

    private Fate Draw() => Hits(1) ? (Fate)random.Next(1, (int)Fate.Hangs + 1) : Fate.Taken;

    private bool Hits(double share) => random.NextDouble() < share * Trouble * 0.2;
}

/// <summary>What becomes of an entry that is handed over.</summary>
internal enum Fate
{
    Taken,
    BreaksBefore,
    BreaksWhile,
    BreaksAfter,
    Lost,
    Late,
    Twice,

    /// <summary>The new leader has the last entries twice, and drops the next ones.</summary>
    NewLeader,

    /// <summary>Handing over does not end; the entry may come later.</summary>
    Hangs,
}
