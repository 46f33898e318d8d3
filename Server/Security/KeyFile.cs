using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Security;

/// <summary>
/// The keys on the disk: <c>keys.json</c> in the store's folder, written by the hub and by the command line beside it. A lock file keeps one
/// change apart from another; readers need none, because the file is only ever replaced whole.
/// </summary>
internal sealed class KeyFile(string folder, TimeProvider time)
{
    public const string Name = "keys.json";

    private const string LockName = "keys.lock";
    private const string IdAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int IdLength = 8;

    /// <summary>A change takes milliseconds; whoever waits longer waits for something that is broken.</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5), LockRetry = TimeSpan.FromMilliseconds(20);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetFullPath(folder), Name);

    /// <exception cref="KeyFileException">The file cannot be read or understood.</exception>
    public IReadOnlyList<ApiKey> Read() => ReadIfThere() ?? [];

    /// <summary>The keys, or null when there is no file.</summary>
    /// <exception cref="KeyFileException">The file cannot be read or understood.</exception>
    public IReadOnlyList<ApiKey>? ReadIfThere()
    {
        try
        {
            if (AtomicFile.Read(Path) is not { } bytes) return null;
            var book = JsonSerializer.Deserialize(bytes, KeyFileJson.Default.KeyBook);
            if (book is not { Version: KeyBook.CurrentVersion, Keys: { } keys }) throw new KeyFileException($"The keys in {Path} are of another version of the hub.");
            if (keys.Any(key => key is null || key.Id is null || key.Hash is not { Length: SHA256.HashSizeInBytes * 2 } || !key.Hash.All(char.IsAsciiHexDigit)))
                throw new KeyFileException($"{Path} holds a key without an id or a whole hash. Repair it or put a copy back.");
            return keys;
        }
        catch (JsonException fault)
        {
            throw new KeyFileException($"{Path} is not understood at {ConfigurationFile.Describe(fault)} Repair it or put a copy back.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException($"{Path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Makes a key; its text is known to the caller alone.</summary>
    public async Task<(ApiKey Key, string Text)> AddAsync(KeyWish wish, CancellationToken cancel)
    {
        var text = KeyText.New();
        var key = await ChangeAsync(
            keys =>
            {
                string id;
                do id = RandomNumberGenerator.GetString(IdAlphabet, IdLength);
                while (keys.Any(other => other.Id == id));
                var made = new ApiKey(id, wish.Role, wish.TapId, wish.Name, KeyText.HashOf(text), Now());
                keys.Add(made);
                return made;
            },
            cancel);
        return (key, text);
    }

    /// <summary>Takes a key back; gives it as it is then, or null when there is none of this id. Doing so twice is doing so once.</summary>
    public Task<ApiKey?> RevokeAsync(string id, CancellationToken cancel) =>
        !File.Exists(Path) ? Task.FromResult<ApiKey?>(null) : ChangeAsync(
        keys =>
        {
            var index = keys.FindIndex(key => key.Id == id);
            if (index < 0) return null;
            return keys[index] = keys[index] with { Revoked = keys[index].Revoked ?? Now() };
        },
        cancel);

    /// <summary>Brings in what other hubs know of keys; gives false when all of it was known here.</summary>
    public async Task<bool> MergeAsync(IReadOnlyList<ApiKey> others, CancellationToken cancel) => await ChangeAsync(
        keys =>
        {
            var isNews = false;
            foreach (var other in others)
            {
                var index = keys.FindIndex(key => key.Id == other.Id);
                if (index < 0) keys.Add(other);
                else if (keys[index].MergedWith(other) is var merged && merged != keys[index]) keys[index] = merged;
                else continue;
                isNews = true;
            }

            return isNews ? keys : null;
        },
        cancel) is not null;

    /// <param name="change">Gives null when it changed nothing, and then nothing is written.</param>
    private async Task<T> ChangeAsync<T>(Func<List<ApiKey>, T> change, CancellationToken cancel)
    {
        try
        {
            StoreFolder.MakeIfMissing(System.IO.Path.GetDirectoryName(Path)!);
            using var held = await LockAsync(cancel);
            List<ApiKey> keys = [.. Read()];
            var result = change(keys);
            if (result is not null) AtomicFile.Write(Path, JsonSerializer.SerializeToUtf8Bytes(new KeyBook(KeyBook.CurrentVersion, keys), KeyFileJson.Default.KeyBook));
            return result;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new KeyFileException(
                $"{Path} cannot be written: {FileLock.Explain(fault)}. Whether the change is there is not known; 'keys list' shows what is.", fault);
        }
    }

    /// <summary>The system lets go of the lock when its holder ends, however it ends; the lock file itself stays and means nothing.</summary>
    private async Task<FileLock> LockAsync(CancellationToken cancel)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, LockName);
        var began = time.GetTimestamp();
        while (true)
        {
            if (FileLock.TryTake(path) is { } held) return held;
            if (time.GetElapsedTime(began) >= LockPatience)
            {
                throw new IOException($"another process has held {path} for {LockPatience.TotalSeconds:0} s");
            }

            await Task.Delay(LockRetry, time, cancel);
        }
    }

    private DateTime Now() => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()).UtcDateTime;
}

/// <summary>The content of <c>keys.json</c>.</summary>
internal sealed record KeyBook(int Version, IReadOnlyList<ApiKey> Keys)
{
    public const int CurrentVersion = 1;
}

/// <summary>The keys cannot be read or changed; the message says why and what to do.</summary>
internal sealed class KeyFileException(string message, Exception? inner = null) : Exception(message, inner);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    WriteIndented = true)]
[JsonSerializable(typeof(KeyBook))]
[JsonSerializable(typeof(Dictionary<string, DateTime>))]
internal sealed partial class KeyFileJson : JsonSerializerContext;
