using System.Globalization;
using System.Reflection;
using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>Watches the hub's own clock: it is evidently wrong when it is before the release of this build, or far behind the newest events of the store.</summary>
/// <remarks>A hub with a wrong clock serves all the same: pours count more than their times. It is reported in the logging and by the health check.</remarks>
internal sealed class HubClock : BackgroundService, IObserver<CommittedBatch>
{
    /// <summary>The date in <c>Directory.Build.props</c>, the same in every build of one commit.</summary>
    public static readonly DateTime Released = DateTime.ParseExact(
        typeof(HubClock).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(part => part.Key == "ReleaseDate").Value!,
        "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    /// <summary>A pour's time may be this much ahead of the hub's clock.</summary>
    private static readonly TimeSpan FarBehind = TimeSpan.FromDays(1);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many events count as the newest. Pours that were kept on a device come in late, so one is too few; after a clock that was ahead has been set
    /// right, as many new events end the complaint.
    /// </summary>
    private const int Newest = 100;

    private readonly TimeProvider _time;
    private readonly ILogger<HubClock> _log;
    private readonly IDisposable _subscription;
    private readonly Lock _gate = new();

    // Guarded by the gate.
    private readonly DateTime[] _events = new DateTime[Newest];
    private int _next;
    private bool _isWrong;

    public HubClock(BeerRepository repository, TimeProvider time, ILogger<HubClock> log)
    {
        (_time, _log) = (time, log);
        try
        {
            foreach (var entry in repository.ReadLog(Math.Max(0, repository.Totals.Counts().Head - Newest), Newest)) Add(entry);
        }
        catch (StoreException)
        {
            // Reads of the damaged part report it; later events are counted.
        }

        _subscription = repository.Subscribe(this);
    }

    /// <summary>How the clock is; tells the logging when that has changed.</summary>
    public HealthCheck Look()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow().UtcDateTime;
            var newest = _events.Max();
            var fault = now < Released ? $"the hub's clock says {Instant.Text(now)}, which is before this build was released ({Released:yyyy-MM-dd})"
                : newest - now > FarBehind ? $"the hub's clock says {Instant.Text(now)}, and the store has events of {Instant.Text(newest)}"
                : null;
            if (fault is not null && !_isWrong) Log.ClockWrong(_log, fault);
            if (fault is null && _isWrong) Log.ClockRight(_log);
            _isWrong = fault is not null;
            return fault is null ? HealthCheck.Ok("the hub's clock fits the store") : HealthCheck.Degraded(fault + "; set it, by NTP for instance. Pours are stored all the same");
        }
    }

    public void OnNext(CommittedBatch value)
    {
        lock (_gate)
        {
            foreach (var entry in value.Events) Add(entry);
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public override void Dispose()
    {
        _subscription.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        try
        {
            do Look();
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The hub stops.
        }
    }

    private void Add(LogEvent entry)
    {
        _events[_next] = entry is BeerPoured { Beer: var beer } ? beer.Timestamp : ((BeerDeleted)entry).Timestamp;
        _next = (_next + 1) % Newest;
    }
}
