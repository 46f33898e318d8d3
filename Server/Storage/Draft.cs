namespace BeerTap.Server.Storage;

/// <summary>
/// A file that is being written as <c>NAME.making</c> and gets its name once it is whole and flushed. A run that was killed leaves such a file;
/// the next one that writes into the same folder reports and removes it. One that is being written is locked, and is left alone.
/// </summary>
internal sealed class Draft : IDisposable
{
    private const string Ending = ".making";
    private const int LongestBeginning = 16;

    /// <summary>How the files begin that BeerTap makes so: a backup, an export as CSV and as JSON lines.</summary>
    private static readonly byte[][] Beginnings =
        ["SQLite format 3\0"u8.ToArray(), "position,tapId"u8.ToArray(), "{\"position\":"u8.ToArray()];

    private readonly string _target;
    private readonly FileLock _lock;
    private bool _finished;

    private Draft(string target, FileLock held) => (_target, _lock) = (target, held);

    public string Path => _target + Ending;

    /// <summary>Begins an empty file, after the leftovers in its folder were removed.</summary>
    /// <param name="say">Told what is removed.</param>
    /// <exception cref="StoreException">Another run writes this very file.</exception>
    public static Draft Begin(string target, Action<string> say)
    {
        foreach (var left in Directory.GetFiles(System.IO.Path.GetDirectoryName(target)!, "*" + Ending))
        {
            // Only Linux tells what another run still writes.
            if (OperatingSystem.IsLinux() || left == target + Ending) RemoveLeftover(left, say);
        }

        var held = FileLock.TryTakeBeside(target + Ending, make: true)
            ?? throw new StoreException($"{target} is being written by another run. Wait for it, or choose another name.");
        if (RandomAccess.GetLength(held.Handle) == 0) return new Draft(target, held);
        held.Dispose();
        throw new StoreException(
            $"{target + Ending} is there, and does not look like what a killed run leaves. Move it, or choose another name; nothing was written.");
    }

    /// <summary>Flushes the file and gives it its name.</summary>
    /// <exception cref="IOException">That failed; the file is removed.</exception>
    public void Finish()
    {
        Disk.Flush(_lock.Handle);
        File.Move(Path, _target);
        _finished = true;
        try
        {
            Disk.FlushFolder(System.IO.Path.GetDirectoryName(_target)!);
        }
        catch
        {
            File.Delete(_target);
            throw;
        }
    }

    public void Dispose()
    {
        if (!_finished) File.Delete(Path);
        _lock.Dispose();
    }

    private static void RemoveLeftover(string path, Action<string> say)
    {
        try
        {
            using var held = FileLock.TryTakeBeside(path);
            if (held is null || !IsOurs(held)) return;
            File.Delete(path);
            File.Delete(path + "-journal");
            say($"Removed {path}, which a run that was killed left behind");
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            say($"{path} may be what a killed run left behind, and cannot be removed: {FileLock.Explain(ex)}");
        }
    }

    private static bool IsOurs(FileLock file)
    {
        Span<byte> begins = stackalloc byte[LongestBeginning];
        begins = begins[..RandomAccess.Read(file.Handle, begins, 0)];
        if (begins.Length == 0) return true;
        foreach (var beginning in Beginnings)
        {
            if (begins.StartsWith(beginning)) return true;
        }

        return false;
    }
}
