namespace BeerTap.Client;

/// <summary>
/// The pours that no hub has acknowledged yet, bounded over all taps, and on disk when there is a file. A tap reserves a
/// place before it pours: at the limit it waits here with its valve shut, so no measured pour is ever dropped.
/// </summary>
internal sealed class Spool : IAsyncDisposable
{
    private readonly int _limit;
    private readonly SpoolFile? _file;
    private readonly IReport _report;
    private readonly SemaphoreSlim _places;
    private readonly TaskCompletionSource _noFile = new();
    private readonly Lock _change = new();

    // Guarded by change. A file may bring more than today's limit: that many places are not given back.
    private int _overdrawn;
    private readonly Dictionary<string, (Pour Pour, bool OnDisk)> _waiting;
    private readonly List<(Pour Pour, string Why)> _refused = [];
    private readonly HashSet<string> _leftWaiting;
    private bool _saidFull;

    public Spool(int limit, SpoolFile? file, IReport report)
    {
        _limit = limit;
        _file = file;
        _report = report;
        Left = _file?.Left ?? [];
        _waiting = Left.ToDictionary(pour => pour.PourId, pour => (pour, true));
        _leftWaiting = [.. Left.Select(pour => pour.PourId)];
        _overdrawn = Math.Max(0, _waiting.Count - _limit);
        _places = new SemaphoreSlim(Math.Max(0, _limit - _waiting.Count));
    }

    /// <summary>What an earlier run left unacknowledged, oldest first.</summary>
    public IReadOnlyList<Pour> Left { get; }

    /// <summary>How many of <see cref="Left"/> the hub has still to give its last word on.</summary>
    public int LeftWaiting
    {
        get
        {
            lock (_change)
            {
                return _leftWaiting.Count;
            }
        }
    }

    public bool OnDisk => _file is not null;

    /// <summary>Faults when the disk takes no more records; without a file it never ends.</summary>
    public Task Writing => _file?.Writing ?? _noFile.Task;

    public int Waiting
    {
        get
        {
            lock (_change)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>The file of the pours that the hub refused for good; null without a spool.</summary>
    public string? RejectedFile => _file?.RejectedFile;

    /// <summary>How many pours of this run are in <see cref="RejectedFile"/>.</summary>
    public int Rejected { get; private set; }

    /// <summary>The pours that are neither acknowledged nor in a file, and why the hub refused them, if it did.</summary>
    public IReadOnlyList<(Pour Pour, string? Why)> Homeless()
    {
        lock (_change)
        {
            return [.. _refused, .. _waiting.Values.Where(waiting => !waiting.OnDisk).Select(waiting => (waiting.Pour, (string?)null))];
        }
    }

    /// <summary>A place for one more pour, and whether there was one at once.</summary>
    public async ValueTask<bool> ReserveAsync(CancellationToken cancellation)
    {
        if (_places.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return true;
        }

        SayFull();
        await _places.WaitAsync(cancellation);
        return false;
    }

    /// <summary>Takes a pour into the place reserved for it; done when it would survive a kill.</summary>
    public async Task KeepAsync(Pour pour)
    {
        lock (_change)
        {
            _waiting[pour.PourId] = (pour, false);
        }

        if (_file is not null)
        {
            await _file.AddAsync(pour);
            lock (_change)
            {
                _waiting[pour.PourId] = (pour, true);
            }
        }
    }

    /// <summary>The hub has refused a pour for good: with a file it is kept beside the spool, or stays in it where that fails; without one it is told at the end.</summary>
    public void Refuse(Pour pour, string why)
    {
        var isKept = _file is not null && _file.TryReject(pour, why);
        lock (_change)
        {
            if (isKept)
            {
                Rejected++;
            }
            else if (_refused.Count < _limit)
            {
                _refused.Add((pour, why));
            }
        }

        if (_file is null || isKept)
        {
            _file?.Settle(pour.PourId);
        }

        Forget(pour);
    }

    /// <summary>The hub has acknowledged a pour.</summary>
    public void Settle(Pour pour)
    {
        _file?.Settle(pour.PourId);
        Forget(pour);
    }

    private void Forget(Pour pour)
    {
        var room = false;
        var free = true;
        lock (_change)
        {
            _waiting.Remove(pour.PourId);
            _leftWaiting.Remove(pour.PourId);
            if (_overdrawn > 0)
            {
                _overdrawn--;
                free = false;
            }

            // Half empty, so that a spool that stays near its limit does not report every pour.
            if (_saidFull && _waiting.Count <= _limit / 2)
            {
                _saidFull = false;
                room = true;
            }
        }

        if (free)
        {
            _places.Release();
        }

        if (room)
        {
            _report.Say("the spool has room again: taps pour");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _places.Dispose();
        if (_file is not null)
        {
            await _file.DisposeAsync();
        }
    }

    private void SayFull()
    {
        lock (_change)
        {
            if (_saidFull)
            {
                return;
            }

            _saidFull = true;
        }

        _report.Say($"the spool is full ({ConsoleReport.PoursWait(_limit)}): taps stop pouring until the hub acknowledges some");
    }
}
