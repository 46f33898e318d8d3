using System.Security.Cryptography;

namespace BeerTap.Server.Storage;

/// <summary>The folder of a store's files. It is held by one hub at a time: two would give the same positions to different pours.</summary>
internal sealed class StoreFolder : IDisposable
{
    public const string LockFile = "beertap.lock";
    public const string LiteDbName = "beertap.litedb";
    private const string EpochAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int EpochLength = 8;
    private const int PermissionDenied = 13;

    private readonly FileLock _lock;
    private FileLock? _store;

    private StoreFolder(string path, FileLock held)
    {
        (Path, _lock) = (path, held);
        Files.Add(File(LockFile), held.Handle);
    }

    public string Path { get; }

    /// <summary>The files of the store that are open.</summary>
    public OpenFiles Files { get; } = new(TimeProvider.System);

    /// <summary>The epoch of a store that is made in the folder.</summary>
    public required string EpochOfNew { get; init; }

    /// <param name="epochOfNew">The epoch of a store that is made there, where it is not to be its own.</param>
    /// <exception cref="StoreException">The folder cannot be made, written or locked, or another process holds it.</exception>
    public static StoreFolder Hold(string path, string? epochOfNew = null)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            MakeIfMissing(full);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                $"The folder {full} cannot be made: {FileLock.Explain(ex)}. Set Storage:Path to a folder that the hub may write.", ex);
        }

        FileLock? held = null;
        try
        {
            held = FileLock.TryTake(System.IO.Path.Combine(full, LockFile)) ?? throw HeldByAnother(full);
            var folder = new StoreFolder(full, held) { EpochOfNew = epochOfNew ?? NewEpoch() };
            folder.HoldStore(SqliteFiles.FileName);
            return folder;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new StoreException(
                $"The folder {full} cannot be written or locked: {FileLock.Explain(ex)}. Set Storage:Path to a folder on a local disk that the hub may write.",
                ex);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Locks the store's own file as well: two hubs must not share it, even if the lock file was deleted while one of them runs. SQLite's locks
    /// on the file end when any handle of this process to it is closed, so this one stays open until the store is closed.
    /// </summary>
    /// <exception cref="StoreException">Another process holds it.</exception>
    public void HoldStore(string name)
    {
        if (_store is not null || !System.IO.File.Exists(File(name))) return;
        _store = FileLock.TryTakeBeside(File(name)) ?? throw HeldByAnother(Path);
        Files.Add(File(name), _store.Handle);
    }

    private static StoreException HeldByAnother(string folder) => new(
        $"The folder {folder} is held by another hub. Stop the other hub, or set Storage:Path to another folder.", fault: StoreFault.Held);

    /// <summary>A note about the very store that is here, which another one must not find.</summary>
    public const string KeysHeard = "keys-heard.json";

    /// <summary>Whether a folder holds files of a store, of whatever kind.</summary>
    public static bool HasStore(string path) =>
        Directory.Exists(path) && Directory.GetFiles(path).Any(file => IsOfAStore(System.IO.Path.GetFileName(file)));

    public static bool IsOfAStore(string name) =>
        name.StartsWith("beertap", StringComparison.Ordinal) && name != LockFile && !name.StartsWith(SqliteOpening.Making, StringComparison.Ordinal);

    /// <summary>Makes a folder, durably.</summary>
    public static void MakeIfMissing(string folder)
    {
        if (Directory.Exists(folder)) return;
        Directory.CreateDirectory(folder);
        try
        {
            if (System.IO.Path.GetDirectoryName(folder) is { } parent) Disk.FlushFolder(parent);
        }
        catch (IOException ex) when (ex.HResult == PermissionDenied)
        {
            // A parent that may be passed through but not read cannot be flushed by this user.
        }
    }

    /// <summary>A name for a new store: 8 of 32 letters, so that two stores meet the same name once in 2^40.</summary>
    public static string NewEpoch() => RandomNumberGenerator.GetString(EpochAlphabet, EpochLength);

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Keeps files under another name, in a folder within this one; gives that folder's path.</summary>
    /// <param name="move">Which of them are taken away; the others are copied.</param>
    public string KeepAside(string why, Func<string, bool> which, Func<string, bool> move)
    {
        var number = 1;
        while (Directory.Exists(File($"{why}-{number}"))) number++;
        var aside = Directory.CreateDirectory(File($"{why}-{number}")).FullName;
        foreach (var name in Directory.GetFiles(Path).Select(file => System.IO.Path.GetFileName(file)!).Where(which))
        {
            var kept = System.IO.Path.Combine(aside, name);
            if (move(name)) System.IO.File.Move(File(name), kept);
            else System.IO.File.Copy(File(name), kept);
            Disk.FlushFile(kept);
        }

        Disk.FlushFolder(aside);
        FlushNames();
        return aside;
    }

    /// <summary>Flushes the names of the folder's files.</summary>
    public void FlushNames() => Disk.FlushFolder(Path);

    public void Dispose()
    {
        _store?.Dispose();
        _lock.Dispose();
    }
}
