using System.Collections.Concurrent;
using System.Text.Json;

namespace BeerTap.Server.Security;

/// <summary>
/// When each key was last used. Kept in a file of its own, <c>keys-used.json</c>, which only the running hub writes: writing it can never undo
/// a revocation that the command line has just written into <c>keys.json</c>.
/// </summary>
internal sealed class KeyUses
{
    public const string Name = "keys-used.json";

    private readonly string _path;
    private readonly ConcurrentDictionary<string, LastUse> _uses = new(StringComparer.Ordinal);
    private volatile bool _changed;
    private bool _loaded;

    /// <summary>A file that is not understood costs the times it held and nothing else; one that cannot be read now is read before it is replaced.</summary>
    public KeyUses(string folder)
    {
        _path = Path.Combine(Path.GetFullPath(folder), Name);
        try
        {
            Load();
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            // Save tries again.
        }
    }

    public LastUse Of(string id) => _uses.GetOrAdd(id, _ => new LastUse());

    public DateTime? At(string id) => _uses.TryGetValue(id, out var use) && use.Ticks > 0 ? new DateTime(use.Ticks, DateTimeKind.Utc) : null;

    public void Mark(LastUse use, DateTimeOffset now)
    {
        // To the second: a key that is used 20,000 times a second is written to memory once.
        var ticks = now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond);
        if (use.Ticks == ticks) return;
        use.Ticks = ticks;
        _changed = true;
    }

    /// <summary>Writes the times if any is new.</summary>
    public void Save()
    {
        if (!_changed) return;
        if (!_loaded) Load();
        _changed = false;
        var uses = _uses.Where(use => use.Value.Ticks > 0).ToDictionary(use => use.Key, use => new DateTime(use.Value.Ticks, DateTimeKind.Utc), StringComparer.Ordinal);
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(uses, KeyFileJson.Default.DictionaryStringDateTime));
    }

    private void Load()
    {
        try
        {
            if (AtomicFile.Read(_path) is { } bytes)
            {
                foreach (var (id, at) in JsonSerializer.Deserialize(bytes, KeyFileJson.Default.DictionaryStringDateTime) ?? []) Of(id).Ticks = Math.Max(Of(id).Ticks, at.Ticks);
            }
        }
        catch (JsonException)
        {
            // Its times are lost.
        }

        _loaded = true;
    }

    /// <summary>The moment of one key, written by any request and read by whoever saves.</summary>
    internal sealed class LastUse
    {
        private long _ticks;

        public long Ticks
        {
            get => Volatile.Read(ref _ticks);
            set => Volatile.Write(ref _ticks, value);
        }
    }
}
