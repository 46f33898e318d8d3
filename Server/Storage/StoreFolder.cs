using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace BeerTap.Server.Storage;

/// <summary>The folder of a store's files. It is held by one hub at a time: two would give the same positions to different pours.</summary>
internal sealed class StoreFolder : IDisposable
{
    public const string LockFile = "beertap.lock";
    private const string EpochAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
    private const int EpochLength = 8;

    private readonly FileStream _lock;

    private StoreFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <summary>The epoch of a store that is made in the folder.</summary>
    public required string EpochOfNew { get; init; }

    /// <param name="epochOfNew">The epoch of a store that is made there, where it is not to be its own.</param>
    /// <exception cref="StoreException">The folder cannot be made or written, or another hub holds it.</exception>
    public static StoreFolder Hold(string path, string? epochOfNew = null)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            if (!Directory.Exists(full)) Make(full);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The folder {full} cannot be made: {fault.Message} Set Storage:Path to a folder the hub may write.", fault);
        }

        try
        {
            return new StoreFolder(full, new FileStream(System.IO.Path.Combine(full, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)) { EpochOfNew = epochOfNew ?? NewEpoch() };
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new StoreException($"The folder {full} cannot be written. Set Storage:Path to a folder the hub may write.", fault);
        }
        catch (IOException fault)
        {
            throw new StoreException($"The folder {full} is held by another hub, or cannot be written ({fault.Message}) Stop the other hub, or set Storage:Path to another folder.", fault, StoreFault.Held);
        }
    }

    /// <summary>A note about the very store that is here, which another one must not find.</summary>
    public const string KeysHeard = "keys-heard.json";

    /// <summary>Whether a folder holds files of a store, of whatever kind.</summary>
    public static bool HasStore(string path) =>
        Directory.Exists(path) && Directory.GetFiles(path).Any(file => IsOfAStore(System.IO.Path.GetFileName(file)));

    public static bool IsOfAStore(string name) => name.StartsWith("beertap", StringComparison.Ordinal) && name != LockFile;

    private static void Make(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            if (System.IO.Path.GetDirectoryName(folder) is { } parent) FlushNamesOf(parent);
        }
        catch (IOException)
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
            FlushFile(kept);
        }

        FlushNamesOf(aside);
        FlushNames();
        return aside;
    }

    /// <summary>A new or renamed file survives a power cut only once its folder was flushed too; Windows sees to that itself.</summary>
    public void FlushNames() => FlushNamesOf(Path);

    public static void FlushFile(string file)
    {
        using var handle = System.IO.File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    public static void FlushNamesOf(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        using var handle = new SafeFileHandle(OpenForReading(folder, 0), ownsHandle: true);
        if (handle.IsInvalid) throw new IOException($"The folder {folder} cannot be flushed (error {Marshal.GetLastPInvokeError()}).");
        RandomAccess.FlushToDisk(handle);
    }

    public void Dispose() => _lock.Dispose();

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint OpenForReading([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
