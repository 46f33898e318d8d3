using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Reports;

/// <summary>
/// How many beers were poured in each minute of the last hour; follows the repository, so no beer is counted twice or later. At start it reads the
/// newest part of the log.
/// </summary>
internal sealed class MinuteTally : IDisposable
{
    /// <summary>The minute that runs is the last of them.</summary>
    public const int Minutes = 60;

    /// <summary>How much of the log is read at start at most, in pages: 100,000 events, a fifth of a second. A busier house knows fewer minutes then.</summary>
    private const int MostPages = 100, PageEvents = 1_000;

    /// <summary>Some more than are told: a device whose clock is ahead pours in a minute that has not begun.</summary>
    private const int Slots = Minutes + 4;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly BeerRepository _repository;
    private readonly ILogger<MinuteTally> _log;
    private readonly IDisposable _subscription;

    // Guarded by the gate. A slot holds one minute, counted from 1970.
    private readonly (long Minute, long Beers)[] _slots = new (long, long)[Slots];
    private long _seq;
    private long _known;
    private DateTime _readAt;
    private long _readStamp;

    /// <remarks>Made before the hub serves, so that nothing is committed meanwhile.</remarks>
    public MinuteTally(BeerRepository repository, TimeProvider time, ILogger<MinuteTally> log)
    {
        (_time, _repository, _log, _seq) = (time, repository, log, repository.Totals.Counts().Head);
        ReadNewest();
        _subscription = repository.Subscribe(Add);
    }

    private long Now => Math.Max(0, MinuteOf(_time.GetUtcNow().UtcDateTime));

    /// <summary>The beers of each minute as they stood at one position, oldest first; fewer than an hour when the hub does not know all of it.</summary>
    public (long Seq, DateTime From, IReadOnlyList<long> Beers) Current()
    {
        lock (_gate)
        {
            if (IsClockSet()) ReadNewest();
            var now = Now;
            var first = Math.Min(now, Math.Max(now - Minutes + 1, _known));
            var beers = new long[now - first + 1];
            for (var minute = first; minute <= now; minute++)
            {
                // A beer may be taken away whose pour was not read at start.
                if (_slots[minute % Slots] is var slot && slot.Minute == minute) beers[minute - first] = Math.Max(0, slot.Beers);
            }

            return (_seq, DateTime.UnixEpoch.AddMinutes(first), beers);
        }
    }

    public void Dispose() => _subscription.Dispose();

    /// <summary>Whether the clock was set since the log was read: the hour that is shown is another one then.</summary>
    private bool IsClockSet() => (_time.GetUtcNow().UtcDateTime - _readAt - _time.GetElapsedTime(_readStamp)).Duration() > TimeSpan.FromMinutes(1);

    private void ReadNewest()
    {
        (_readAt, _readStamp, _known) = (_time.GetUtcNow().UtcDateTime, _time.GetTimestamp(), 0);
        Array.Clear(_slots);
        try
        {
            ReadPages();
        }
        catch (StoreException ex)
        {
            // Reads of the damaged part report it; the hub goes on.
            Log.MinutesUnknown(_log, ex.Message);
            _known = Now + 1;
        }
    }

    private void ReadPages()
    {
        var first = Now - Minutes + 1;
        for (var (page, end) = (0, _seq); end > 0; page++)
        {
            var start = Math.Max(0, end - PageEvents);
            var events = _repository.ReadLog(start, (int)(end - start));
            foreach (var entry in events) Add(entry, Now);

            // Pours may come in late: the log is in order of arrival, and a page without any of this hour ends the search.
            if (events.All(entry => TimeOf(entry) is { } time && IsOutside(MinuteOf(time)))) return;
            if (page == MostPages - 1 && start > 0)
            {
                _known = events.Select(TimeOf).FirstOrDefault(time => time is not null) is { } oldest
                    ? Math.Min(MinuteOf(oldest), Now) + 1
                    : first;
                return;
            }

            end = start;
        }

        bool IsOutside(long minute) => minute < first || minute >= first + Slots;
    }

    private void Add(CommittedBatch batch)
    {
        lock (_gate)
        {
            var now = Now;
            foreach (var entry in batch.Events) Add(entry, now);
            _seq = batch.Last;
        }
    }

    private void Add(LogEvent entry, long now)
    {
        if (entry is BeerPoured { Beer: var poured }) Count(poured, +1, now);
        else if (entry is BeerDeleted { Beer: var deleted }) Count(deleted, -1, now);
    }

    private void Count(Beer beer, int change, long now)
    {
        var minute = MinuteOf(beer.Timestamp);
        if (minute < 0 || minute <= now - Minutes || minute >= now - Minutes + Slots) return;
        ref var slot = ref _slots[minute % Slots];
        if (slot.Minute != minute) slot = (minute, 0);
        slot.Beers += change;
    }

    /// <summary>When it was; null of an event that is about no beer.</summary>
    private static DateTime? TimeOf(LogEvent entry) => entry switch
    {
        BeerPoured { Beer.Timestamp: var poured } => poured,
        BeerDeleted { Timestamp: var deleted } => deleted,
        _ => null,
    };

    private static long MinuteOf(DateTime utc) => Clock.ToUnix(utc) / 60_000;
}
