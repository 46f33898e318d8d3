namespace BeerTap.Server.Security;

/// <summary>What is not certain about files of keys: whether one that is missing stays so, and which cannot be read now.</summary>
/// <remarks>
/// A program that writes a file anew in its place may take it away for a moment; so a missing file counts only when it lasts. How long counts from the
/// first look that missed the file, and never less than two looks. A file that is there and cannot be read, or is not whole, changes nothing.
/// </remarks>
internal sealed class FileDoubts(TimeProvider time)
{
    /// <summary>Longer than any program takes to write a line, and short enough for an operator who took the file away on purpose.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Doubt> _missing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _unread = new(StringComparer.Ordinal);
    private volatile string? _trouble;

    /// <summary>Whether any file must be looked at again though it did not change.</summary>
    public bool Any => _missing.Values.Any(doubt => !doubt.Believed) || _unread.Count > 0;

    /// <summary>Why files cannot be read now, for whoever looks after the hub; null when all can.</summary>
    public string? Trouble => _trouble;

    /// <summary>A file is whole. Gives whether it could not be read before.</summary>
    public bool Settle(string path)
    {
        _missing.Remove(path);
        var wasUnread = _unread.Remove(path);
        if (wasUnread)
        {
            _trouble = Reasons();
        }

        return wasUnread;
    }

    /// <summary>A file cannot be read, or holds nothing whole. Gives whether that is news.</summary>
    public bool Unread(string path, string reason)
    {
        _missing.Remove(path);
        var isNews = !_unread.ContainsKey(path);
        _unread[path] = reason;
        _trouble = Reasons();
        return isNews;
    }

    /// <summary>A file is missing: whether that is to be believed, and if so, whether for the first time.</summary>
    public (bool Believed, bool IsNews) Missing(string path)
    {
        if (_unread.Remove(path))
        {
            _trouble = Reasons();
        }

        if (!_missing.TryGetValue(path, out var doubt))
        {
            _missing[path] = new Doubt(time.GetTimestamp(), Believed: false);
            return (false, false);
        }

        if (doubt.Believed)
        {
            return (true, false);
        }

        if (time.GetElapsedTime(doubt.Since) < Patience)
        {
            return (false, false);
        }

        _missing[path] = doubt with { Believed = true };
        return (true, true);
    }

    private string? Reasons() => _unread.Count == 0 ? null : string.Join("; ", _unread.Values);

    private readonly record struct Doubt(long Since, bool Believed);
}
