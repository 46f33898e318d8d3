using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace BeerTap.Server.Storage;

/// <summary>
/// The files that the hub has open, and whether their paths still name them. A hub whose file was deleted or replaced writes to one that cannot be
/// opened again, and a second hub could begin another at the same path.
/// </summary>
internal sealed class OpenFiles(TimeProvider time)
{
    /// <summary>A look takes some 10 µs, which is nothing at twenty a second, and much at two thousand commits a second.</summary>
    private static readonly TimeSpan CommitsLookEvery = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, FileIdentity> _files = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private volatile string? _fault;
    private long _lookedAt;

    /// <summary>What is wrong with them, as of the last look; null when nothing is.</summary>
    public string? Fault => _fault;

    /// <summary>Watches a file that is open.</summary>
    public void Add(string path, SafeFileHandle file) => _files[path] = FileIdentity.Of(file);

    /// <summary>Watches a file that was opened under this path by other code.</summary>
    public void Add(string path)
    {
        if (FileIdentity.Of(path, out _) is { } identity) _files[path] = identity;
    }

    /// <summary>Looks, unless that was done within this time. Gives what is wrong; null when nothing is.</summary>
    public string? Look(TimeSpan within)
    {
        lock (_gate)
        {
            if (_lookedAt != 0 && time.GetElapsedTime(_lookedAt) < within) return _fault;
            _lookedAt = time.GetTimestamp();
            return _fault = Find();
        }
    }

    /// <summary>Checks that a start finds what is committed now, often enough that few pours are acknowledged and lost.</summary>
    /// <exception cref="StoreException">A file is not in its place.</exception>
    public void Check() => Check(CommitsLookEvery);

    /// <inheritdoc cref="Check()"/>
    /// <param name="within">Unless that was done within this time.</param>
    public void Check(TimeSpan within)
    {
        if (Look(within) is not { } fault) return;
        throw new StoreException(
            $"The store's files are not in their place: {fault}. Put the same files back; if they are lost, stop the hub and restore a backup.",
            fault: StoreFault.Moved);
    }

    private string? Find()
    {
        foreach (var (path, identity) in _files)
        {
            var named = FileIdentity.Of(path, out var fault);
            if (named == identity) continue;

            // Without the folder: /health/ready shows it, and it needs no key.
            var name = Path.GetFileName(path);
            return named is not null ? $"{name} is another file than the one this hub has open"
                : fault is not null ? $"{name} cannot be looked at ({fault})"
                : $"{name} was deleted or moved while this hub has it open";
        }

        return null;
    }
}
