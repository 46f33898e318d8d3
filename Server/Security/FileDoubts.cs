namespace BeerTap.Server.Security;

/// <summary>
/// Files of keys that are not whole at the moment: missing, empty, or cut short. Who writes one anew in its place makes it so for a moment, and must
/// not throw its holders out; so it is believed only when it lasts.
/// </summary>
/// <remarks>How long counts from the first look that found the file so, and never less than two looks, whatever else becomes of the file meanwhile:
/// one that is spoilt again and again keeps nobody in.</remarks>
internal sealed class FileDoubts(TimeProvider time)
{
    /// <summary>Longer than any program takes to write a line, and short enough for who took the file away on purpose.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Doubt> _doubts = new(StringComparer.Ordinal);

    /// <summary>Whether any file must be looked at again though it did not change.</summary>
    public bool Any => _doubts.Values.Any(doubt => !doubt.Believed);

    /// <summary>A file is whole.</summary>
    public void Settle(string path) => _doubts.Remove(path);

    /// <summary>A file is not whole: whether that is to be believed, and if so, whether for the first time.</summary>
    public (bool Believed, bool IsNews) Look(string path)
    {
        if (!_doubts.TryGetValue(path, out var doubt))
        {
            _doubts[path] = new Doubt(time.GetTimestamp(), Believed: false);
            return (false, false);
        }

        if (doubt.Believed) return (true, false);
        if (time.GetElapsedTime(doubt.Since) < Patience) return (false, false);
        _doubts[path] = doubt with { Believed = true };
        return (true, true);
    }

    private readonly record struct Doubt(long Since, bool Believed);
}
