using System.Globalization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>How this hub stands to the log that it shares, for whoever looks: health, metrics, the hub's own log.</summary>
internal sealed class LogStatus(TimeProvider time)
{
    private volatile string _trouble = "not connected yet";
    private volatile string? _storeTrouble;
    private volatile LogException? _fatal;
    private volatile bool _connected, _caughtUp, _awaitsKeys;
    private Func<TimeSpan> _unproven = () => TimeSpan.Zero;
    private Func<int> _pending = () => 0;
    private Func<long> _cameThrough = () => 0;
    private long _offset = -1, _applied, _entries, _since = time.GetTimestamp();

    /// <summary>Why the hub and the log do not belong together; null while they do.</summary>
    public LogException? Fatal => _fatal;

    /// <summary>Why what comes out of the log cannot be stored at the moment; null when it can.</summary>
    public string? StoreTrouble
    {
        get => _storeTrouble;
        set => _storeTrouble = value;
    }

    /// <summary>The kind of <see cref="StoreTrouble"/>.</summary>
    public StoreFault StoreFault { get; set; }

    public bool Connected
    {
        get => _connected;
        set => _connected = value;
    }

    /// <summary>Why the connection was cut, or could not be made.</summary>
    public string Trouble => _trouble;

    /// <summary>Whether the hub has once applied everything that was in the log when it connected; never false again.</summary>
    public bool CaughtUp
    {
        get => _caughtUp;
        set => _caughtUp = value;
    }

    /// <summary>Whether other hubs may know keys that this one has not heard of yet, however far it has read the log; once false it stays so.</summary>
    public bool AwaitsKeys
    {
        get => _awaitsKeys;
        set => _awaitsKeys = value;
    }

    /// <summary>Whether this hub knows every key that the others do, but for what is on its way.</summary>
    public bool KnowsKeys => CaughtUp && !AwaitsKeys;

    /// <summary>The offset of the last entry that was applied; -1 before the first.</summary>
    public long Offset
    {
        get => Volatile.Read(ref _offset);
        set => Volatile.Write(ref _offset, value);
    }

    /// <summary>How many entries the log held when it was connected to, about; 0 when that is not known.</summary>
    public long Entries
    {
        get => Volatile.Read(ref _entries);
        set => Volatile.Write(ref _entries, value);
    }

    /// <summary>For how long nothing of this hub's has come through the log though it should have; zero while all is well.</summary>
    public TimeSpan Unproven => _unproven();

    /// <summary>How many entries this hub handed over that have not come out of the log yet.</summary>
    public int Pending => _pending();

    /// <summary>How many entries were applied since the start.</summary>
    public long Applied
    {
        get => Volatile.Read(ref _applied);
        set => Volatile.Write(ref _applied, value);
    }

    /// <summary>Whatever was in the log at this moment (a timestamp) has been applied; 0 before anything has.</summary>
    public long AppliedAsOf => _cameThrough();

    /// <summary>They do not belong together; whether nobody said so before.</summary>
    public bool Refuse(LogException fault) => Interlocked.CompareExchange(ref _fatal, fault, null) is null;

    public void Watch(Func<TimeSpan> unproven, Func<long>? cameThrough = null, Func<int>? pending = null) =>
        (_unproven, _cameThrough, _pending) = (unproven, cameThrough ?? _cameThrough, pending ?? _pending);

    public void Cut(string why)
    {
        if (_connected) Volatile.Write(ref _since, time.GetTimestamp());
        (_trouble, _connected) = (why, false);
    }

    /// <summary>
    /// Unready until it has caught up once and knows the keys of the others. Later troubles of the log leave it ready: it can still be read and
    /// listened to, and every other hub is in the same plight.
    /// </summary>
    public HealthCheck Look(TimeSpan longest)
    {
        if (Fatal is { } fatal) return HealthCheck.Failed(fatal.Message);
        if (StoreTrouble is { } trouble) return HealthCheck.Failed($"what comes out of the log cannot be stored: {trouble}");
        var away = time.GetElapsedTime(Volatile.Read(ref _since));
        if (!CaughtUp) return HealthCheck.Failed(Connected ? Text($"catching up with the log: at entry {Offset} of about {Entries}") : Text($"the log cannot be reached for {away.TotalSeconds:0} s: {Trouble}"));
        if (AwaitsKeys) return HealthCheck.Failed("has caught up with the log, and asks the other hubs for their keys");
        if (Unproven is var unproven && unproven > longest) return HealthCheck.Degraded(Text($"the log takes nothing for {unproven.TotalSeconds:0} s, so pours are answered 503; reading and listening go on ({Trouble})"));
        return HealthCheck.Ok(Text($"applied up to entry {Offset}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
