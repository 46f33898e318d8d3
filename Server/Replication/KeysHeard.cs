using System.Text.Json;
using System.Text.Json.Serialization;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// The note that a hub's <c>keys.json</c> has all keys that its log speaks of, up to where its store is: what is said later, the hub hears. Kept in
/// <c>keys-heard.json</c> beside both. A store that comes from a backup has no note, and so has no hub that is new.
/// </summary>
/// <param name="folder">The folder of the store.</param>
/// <param name="epoch">The log's.</param>
internal sealed class KeysHeard(string folder, string epoch)
{
    private readonly string _path = Path.Combine(Path.GetFullPath(folder), StoreFolder.KeysHeard);

    /// <summary>How many keys there were when the note was made; -1 while none is known.</summary>
    public int Keys { get; private set; } = -1;

    /// <summary>Reads the note. It holds if it was made with this log, and with no more keys than there are now: <c>keys.json</c> may have been taken away. One that cannot be read is none.</summary>
    /// <param name="keys">How many keys this hub has, the revoked among them.</param>
    public bool TryRead(int keys)
    {
        try
        {
            if (AtomicFile.Read(_path) is not { } bytes || JsonSerializer.Deserialize(bytes, KeysHeardContext.Default.Note) is not { } note) return false;
            if (note.Epoch != epoch || note.Keys > keys) return false;
            Keys = note.Keys;
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It cannot be written.</exception>
    public void Keep(int keys)
    {
        AtomicFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new Note(epoch, keys), KeysHeardContext.Default.Note));
        Keys = keys;
    }

    internal sealed record Note(string Epoch, int Keys);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KeysHeard.Note))]
internal sealed partial class KeysHeardContext : JsonSerializerContext;
