namespace BeerTap.Server.Core.Log;

/// <summary>
/// The entries that were redacted and whose bytes may still be in a file. Each is erased from its segment before the segment that holds
/// the redaction itself is sealed, so that after a restart the segments that are not sealed name all of them. Any thread may ask.
/// </summary>
internal sealed class Redactions
{
    // Replaced whole under the lock; empty in nearly every hub at nearly every moment.
    private readonly Lock _gate = new();
    private volatile HashSet<long> _numbers = [];

    public bool IsEmpty => _numbers.Count == 0;

    public void Add(IReadOnlyCollection<long> numbers)
    {
        if (numbers.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _numbers = [.. _numbers, .. numbers];
        }
    }

    /// <summary>Gets the redacted entries from one number to another.</summary>
    public IReadOnlyList<long> Between(long first, long last) => [.. _numbers.Where(number => number >= first && number <= last)];

    /// <summary>Forgets entries whose bytes are in no file any more.</summary>
    public void Erased(IReadOnlyCollection<long> numbers)
    {
        lock (_gate)
        {
            _numbers = [.. _numbers.Except(numbers)];
        }
    }

    /// <summary>Replaces redacted entries, from an index on, by what is left of them.</summary>
    public void Apply(List<LogEntry> entries, int from)
    {
        var numbers = _numbers;
        if (numbers.Count == 0)
        {
            return;
        }

        for (var i = from; i < entries.Count; i++)
        {
            if (numbers.Contains(entries[i].Number) && !entries[i].IsRedacted)
            {
                entries[i] = entries[i].Redacted();
            }
        }
    }
}
