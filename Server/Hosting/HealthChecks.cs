using System.Globalization;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>Whether the store takes writes, the feed moves and the disk has room, looked at once a second at most however often it is asked.</summary>
/// <remarks>Nothing here waits for a commit, nor a commit for it: what is looked at are numbers that the committer and the pumps leave behind.</remarks>
internal sealed class HealthChecks(
    Feed feed, EventLog events, BeerRepository repository, IBeerStore store, IntakeMeter intake, StoreProbe probe, StorageOptions storage,
    HealthOptions options, TimeProvider time, ILogger<HealthChecks> log, LogStatus? sharedLog = null, ConnectionGate? gate = null,
    HubClock? clock = null, ApiKeys? keys = null)
{
    /// <summary>A store that committed within this time needs no probe.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);

    /// <summary>What stands still for so many times <see cref="HealthOptions.StuckAfter"/> is mended by a restart or not at all.</summary>
    private const int DeadAfter = 3;

    private readonly Lock _gate = new();
    private readonly Standstill _commits = new(time);
    private readonly Standstill _announcements = new(time);
    private HealthReport? _last;
    private long _lookedAt;

    /// <summary>How the hub is, as of a second ago at most.</summary>
    public HealthReport Look()
    {
        lock (_gate)
        {
            if (_last is not null && time.GetElapsedTime(_lookedAt) < GoodFor) return _last;
            var report = new HealthReport(
                Store(), Feed(options.StuckAfter), Disk(), Feed(options.StuckAfter * DeadAfter), sharedLog?.Look(Fresh), gate?.Look(), clock?.Look(), Keys());
            _lookedAt = time.GetTimestamp();
            if (report.IsReady != (_last?.IsReady ?? true))
            {
                if (report.IsReady) Log.HealthyAgain(log, "ready");
                else Log.Unhealthy(log, "ready", string.Join("; ", report.Ready.Values.Where(check => !check.IsOk).Select(check => check.Reason)));
            }

            return _last = report;
        }
    }

    /// <summary>Bytes that are free on the store's disk; null when the system does not say.</summary>
    public long? FreeBytes()
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(storage.Path)).AvailableFreeSpace;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private HealthCheck Store()
    {
        if (store.Files?.Look(GoodFor) is { } moved) return HealthCheck.Failed(moved);

        var waited = _commits.Of(intake.Begun, repository.Waiting > 0);
        if (waited >= options.StuckAfter) return HealthCheck.Failed(Text($"nothing was stored for {waited.TotalSeconds:0} s, though pours wait ({repository.Waiting})"));

        if (intake.Failure is { } failure)
        {
            var ago = time.GetElapsedTime(failure.At);

            // A disk that refused a commit is believed again once a probe that began afterwards succeeded.
            if (ago >= Fresh) probe.Look(Fresh, options.StuckAfter);
            if (ago < Fresh || !probe.EndedSince(failure.At))
            {
                return HealthCheck.Failed(Text($"the last commit failed {ago.TotalSeconds:0} s ago: {Reason(failure.Fault)}"));
            }
        }
        else if (intake.LastCommitted is > 0 and var at && time.GetElapsedTime(at) < Fresh)
        {
            return HealthCheck.Ok("commits reach the disk");
        }

        // Nobody pours: a small file beside the store says whether its disk takes writes.
        return probe.Look(Fresh, options.StuckAfter);
    }

    private HealthCheck Feed(TimeSpan longest)
    {
        var round = feed.SinceRound;
        if (round > longest) return HealthCheck.Failed(Text($"a pump that goes round every second did not for {round.TotalSeconds:0} s"));
        var (announced, committed) = (events.Head, repository.Totals.Counts().Head);
        var behind = _announcements.Of(announced, announced < committed);
        return behind >= longest
            ? HealthCheck.Failed(Text($"the feed stands at position number {announced} for {behind.TotalSeconds:0} s, the store at {committed}"))
            : HealthCheck.Ok("listeners are told what is committed");
    }

    private HealthCheck Disk()
    {
        if (options.FreeBytes == 0) return HealthCheck.Ok("not looked at: Health:FreeBytes is 0");
        if (FreeBytes() is not { } free) return HealthCheck.Ok("the system does not say how much is free");
        var text = Text($"{free >> 20} MiB are free, at least {options.FreeBytes >> 20} MiB must be");
        return free < options.FreeBytes ? HealthCheck.Failed(text) : HealthCheck.Ok(text);
    }

    /// <summary>Told only where something is wrong: the keys are as they were read last, and the hub serves on.</summary>
    private HealthCheck? Keys() => keys?.Trouble is { } trouble ? HealthCheck.Degraded($"keys stay as they were read last: {trouble}") : null;

    private static string Reason(StoreFault fault) => fault switch
    {
        StoreFault.DiskFull => "the disk is full",
        StoreFault.Moved => "the store's files are not in their place",
        StoreFault.Damaged => "a part of the store's files is damaged",
        _ => "the hub's log says why",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>How long something has stood still though there is work for it, as seen by whoever looks from time to time.</summary>
    private sealed class Standstill(TimeProvider time)
    {
        private long _place = -1;
        private long _since;

        public TimeSpan Of(long place, bool hasWork)
        {
            if (hasWork && place == _place) return time.GetElapsedTime(_since);
            (_place, _since) = (hasWork ? place : -1, time.GetTimestamp());
            return TimeSpan.Zero;
        }
    }
}

/// <summary>How the hub is: what it needs to be ready, and the part of it that says whether it lives.</summary>
internal sealed record HealthReport(
    HealthCheck Store, HealthCheck Feed, HealthCheck Disk, HealthCheck Pumps, HealthCheck? Log, HealthCheck? Connections = null, HealthCheck? Clock = null,
    HealthCheck? Keys = null)
{
    public IReadOnlyDictionary<string, HealthCheck> Ready { get; } = new Dictionary<string, HealthCheck>(
        from part in new (string Name, HealthCheck? Check)[]
        {
            ("store", Store), ("feed", Feed), ("disk", Disk), ("connections", Connections), ("clock", Clock), ("log", Log), ("keys", Keys),
        }
        where part.Check is not null
        select KeyValuePair.Create(part.Name, part.Check));

    /// <summary>Only what a restart can mend: a full disk is no reason for an orchestrator to kill the hub.</summary>
    public IReadOnlyDictionary<string, HealthCheck> Live { get; } = new Dictionary<string, HealthCheck> { ["feed"] = Pumps };

    public bool IsReady => Ready.Values.All(check => check.IsOk);

    public bool IsLive => Pumps.IsOk;
}
