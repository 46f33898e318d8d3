using System.Security.Claims;

namespace BeerTap.Server.Security;

/// <summary>The keys of the running hub: looked up by every request, brought up to date when the command line or a file changed them.</summary>
internal sealed class ApiKeys
{
    /// <summary>
    /// A file changed once more within the same tick of the file system's clock has the same time; so for this long after a change was noticed the
    /// files are read again though their times are the same. Counted by the hub's own clock: a file's time may be in the future.
    /// </summary>
    private static readonly TimeSpan ClockGrain = TimeSpan.FromSeconds(2);

    private readonly KeyFile _file;
    private readonly SecurityOptions _options;
    private readonly TimeProvider _time;
    private readonly string[] _watched;
    private readonly Lock _refreshing = new();
    private readonly FileDoubts _doubts;
    private volatile KeySnapshot _now;
    private volatile bool _any;
    private volatile (DateTime Changed, long Length)[] _stamps;
    private long _noticed;

    /// <exception cref="KeyFileException">The stored keys cannot be read.</exception>
    public ApiKeys(SecurityOptions options, string folder, TimeProvider time, Action<string> fault)
    {
        (_options, _time, _file, _doubts, Uses) = (options, time, new KeyFile(folder, time), new FileDoubts(time), new KeyUses(folder));
        _watched = [_file.Path, .. options.KeyFiles.Select(file => file.Path)];
        (_stamps, _noticed) = (Stamps(), time.GetTimestamp());
        var configured = ConfiguredKeys.Read(options).ToList();
        foreach (var wrong in configured.Where(file => file.Fault is not null)) fault(wrong.Fault!);
        _now = new KeySnapshot([.. configured.Where(file => file.Key is not null).Select(file => file.Key!), .. _file.Read()], Uses);
        _any = _now.All.Count > 0;
    }

    /// <summary>Told the id of each key that opens nothing any more, once the lookup knows.</summary>
    public event Action<string>? Revoked;

    /// <summary>Told after each look at the files, when what they hold may have changed.</summary>
    public event Action? Refreshed;

    public KeyUses Uses { get; }

    /// <summary>
    /// Whether this hub has, or had, a key. Never false again while the hub runs, and a revoked key counts: taking a key back must not open a door.
    /// </summary>
    public bool Any => _any;

    /// <summary>Whether a key that opens something is there.</summary>
    public bool AnyGood => _now.Good.Count > 0;

    public IReadOnlyList<ApiKey> All => _now.All;

    /// <summary>Why files of keys cannot be read now, so that what they held before counts; null when all can.</summary>
    public string? Trouble => _doubts.Trouble;

    /// <summary>Those that were made, here or on another hub; not those of configured files.</summary>
    public IReadOnlyList<ApiKey> Made => [.. Stored(_now)];

    public bool IsGood(string id) => _now.Good.ContainsKey(id);

    /// <summary>Whether this very key opens something: one from a file keeps its id when its text changes.</summary>
    public bool IsGood(ApiKey key) => _now.Good.GetValueOrDefault(key.Id) == key.Hash;

    /// <summary>The holder of a key, or null when the text is no good key; marks the key as used.</summary>
    public ClaimsPrincipal? Find(ReadOnlySpan<char> text)
    {
        var principal = _now.Find(text, out var identity);
        if (identity is not null) Uses.Mark(identity.LastUse, _time.GetUtcNow());
        return principal;
    }

    /// <summary>
    /// As <see cref="Find"/>, after a look whether the files are others than those that were read: a key works as soon as the command that made it
    /// has ended. Who guesses keys costs a look at the files' times, and no reading.
    /// </summary>
    public ClaimsPrincipal? FindInChanged(ReadOnlySpan<char> text, ILogger log)
    {
        if (!Stamps().SequenceEqual(_stamps))
        {
            Refresh(log);
        }
        else
        {
            // A look at the same time may have noticed the change first, and is reading: its end is waited for.
            lock (_refreshing)
            {
            }
        }

        return Find(text);
    }

    /// <summary>Makes a key, good at once; its text is known to the caller alone.</summary>
    /// <exception cref="KeyFileException">The file of keys is away, or cannot be written.</exception>
    public async Task<(ApiKey Key, string Text)> AddAsync(KeyWish wish, ILogger log, CancellationToken cancel)
    {
        CheckFile();
        var made = await _file.AddAsync(wish, cancel);
        Refresh(log);
        return made;
    }

    /// <summary>Takes a key back, at once; null when there is none of this id.</summary>
    public async Task<ApiKey?> RevokeAsync(string id, ILogger log, CancellationToken cancel)
    {
        var revoked = await _file.RevokeAsync(id, cancel);
        Refresh(log);
        return revoked;
    }

    /// <summary>Brings in what other hubs know of keys; when it returns, that is on the disk, and whoever lost a key is told.</summary>
    /// <exception cref="KeyFileException">The file of keys is away, or cannot be read or written.</exception>
    public async Task MergeAsync(IReadOnlyList<ApiKey> others, ILogger log, CancellationToken cancel)
    {
        var known = Made.ToDictionary(key => key.Id, StringComparer.Ordinal);
        if (others.All(other => known.TryGetValue(other.Id, out var key) && key.MergedWith(other) == key)) return;
        CheckFile();
        if (await _file.MergeAsync(others, cancel)) Refresh(log);
    }

    /// <summary>Reads the files again if they may have changed.</summary>
    public void RefreshIfChanged(ILogger log)
    {
        if (!Stamps().SequenceEqual(_stamps) || IsRecent || IsDoubtful) Refresh(log);
    }

    private bool IsRecent
    {
        get { lock (_refreshing) return _time.GetElapsedTime(_noticed) < ClockGrain; }
    }

    private bool IsDoubtful
    {
        get { lock (_refreshing) return _doubts.Any; }
    }

    /// <summary>A file with new keys alone would take all others back.</summary>
    private void CheckFile()
    {
        if (Stored(_now).Any() && !File.Exists(_file.Path)) throw new KeyFileException($"{_file.Path} is away. Put it back; if it stays away, its keys are taken back and a new one can be made.");
    }

    private void Refresh(ILogger log)
    {
        List<string> gone;
        lock (_refreshing)
        {
            var stamps = Stamps();
            if (!stamps.SequenceEqual(_stamps)) (_stamps, _noticed) = (stamps, _time.GetTimestamp());
            var before = _now;
            var read = new KeySnapshot([.. ReadConfigured(before, log), .. ReadStored(before, log)], Uses);
            _now = read;
            _any |= read.All.Count > 0;
            gone = [.. before.Good.Where(key => read.Good.GetValueOrDefault(key.Key) != key.Value).Select(key => key.Key)];
            foreach (var key in read.All.Where(key => read.Good.ContainsKey(key.Id) && before.Good.GetValueOrDefault(key.Id) != key.Hash))
                Log.KeyIsGood(log, key.Id, key.Role.Name());
        }

        foreach (var id in gone)
        {
            Log.KeyIsRevoked(log, id);
            Revoked?.Invoke(id);
        }

        Refreshed?.Invoke();
    }

    private List<ApiKey> ReadConfigured(KeySnapshot before, ILogger log)
    {
        var keys = new List<ApiKey>();
        foreach (var file in ConfiguredKeys.Read(_options))
        {
            var key = file.Key ?? before.All.FirstOrDefault(known => known.Id == file.Id);
            if (file.Key is not null) Settle(file.Path, log);
            else if (file.IsMissing)
            {
                var (believed, isNews) = _doubts.Missing(file.Path);
                if (believed) key = null;
                if (isNews) Log.ConfiguredKeyFault(log, file.Fault!);
            }
            else if (_doubts.Unread(file.Path, file.Fault!)) Log.KeysNotRead(log, file.Fault!);

            if (key is not null) keys.Add(key);
        }

        return keys;
    }

    private IReadOnlyList<ApiKey> ReadStored(KeySnapshot before, ILogger log)
    {
        List<ApiKey> known = [.. Stored(before)];
        try
        {
            if (_file.ReadIfThere() is { } keys)
            {
                Settle(_file.Path, log);
                return keys;
            }
        }
        catch (KeyFileException fault)
        {
            // A file that is not understood lets no caller in and none out.
            if (_doubts.Unread(_file.Path, fault.Message)) Log.KeysNotRead(log, fault.Message);
            return known;
        }

        if (known.Count == 0) return known;
        var (believed, isNews) = _doubts.Missing(_file.Path);
        if (isNews) Log.KeysGone(log, _file.Path);
        return believed ? [] : known;
    }

    private void Settle(string path, ILogger log)
    {
        if (_doubts.Settle(path)) Log.KeysReadAgain(log, path);
    }

    private static IEnumerable<ApiKey> Stored(KeySnapshot keys) => keys.All.Where(key => !key.Id.StartsWith(ConfiguredKeys.IdPrefix, StringComparison.Ordinal));

    private (DateTime Changed, long Length)[] Stamps() => Array.ConvertAll(_watched, StampOf);

    private static (DateTime Changed, long Length) StampOf(string path)
    {
        try
        {
            // Orchestrators mount a secret as a link, which stays the same when the file behind it becomes another.
            var file = new FileInfo(path);
            if (file.LinkTarget is not null && file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target) file = target;
            return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            return default;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Not as any file is: reading it says what is wrong.
            return (default, -1);
        }
    }
}
