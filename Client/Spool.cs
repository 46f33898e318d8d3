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
    private int _waiting;
    private readonly HashSet<string> _leftWaiting;
    private bool _saidFull;

    public Spool(int limit, SpoolFile? file, IReport report)
    {
        _limit = limit;
        _file = file;
        _report = report;
        Left = _file?.Left ?? [];
        _waiting = Left.Count;
        _leftWaiting = [.. Left.Select(pour => pour.PourId)];
        _overdrawn = Math.Max(0, _waiting - _limit);
        _places = new SemaphoreSlim(Math.Max(0, _limit - _waiting));
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
                return _waiting;
            }
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
    public Task KeepAsync(Pour pour)
    {
        lock (_change)
        {
            _waiting++;
        }

        return _file?.AddAsync(pour) ?? Task.CompletedTask;
    }

    /// <summary>The hub has given its last word on a pour: it was acknowledged, or refused for good.</summary>
    public void Settle(Pour pour)
    {
        _file?.Settle(pour.PourId);
        var room = false;
        var free = true;
        lock (_change)
        {
            _waiting--;
            _leftWaiting.Remove(pour.PourId);
            if (_overdrawn > 0)
            {
                _overdrawn--;
                free = false;
            }

            // Half empty, so that a spool that stays near its limit does not report every pour.
            if (_saidFull && _waiting <= _limit / 2)
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
