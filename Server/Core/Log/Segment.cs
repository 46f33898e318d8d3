namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents a run of the log in one file. A segment that is replaced or dropped is retired: it is disposed as soon as its last reader
/// has left.
/// </summary>
internal abstract class Segment(SegmentHeader header, string name) : IDisposable
{
    // The log itself holds one; below 1 the segment is disposed.
    private int _holders = 1;
    private int _retired;

    public SegmentHeader Header { get; } = header;

    public string Name { get; } = name;

    public long First => Header.First;

    /// <summary>Gets how many entries can be read.</summary>
    public abstract int Count { get; }

    /// <summary>Gets where the batches end, or ended before the segment was sealed; the next segment's header repeats it.</summary>
    public abstract long End { get; }

    public long Last => First + Count - 1;

    /// <summary>Reads entries and checks them.</summary>
    /// <param name="ordinals">Ascending.</param>
    /// <param name="maxBytes">Ends the reading behind the entry that reaches it.</param>
    /// <exception cref="LogException">An entry is damaged.</exception>
    public abstract void Read(ReadOnlySpan<int> ordinals, int maxBytes, List<LogEntry> entries);

    public abstract ChannelOrdinals? Channel(ReadOnlySpan<byte> channel);

    public abstract IOrdinals? Term(ReadOnlySpan<byte> term);

    /// <summary>Adds the ordinals of entries whose idempotency key may have this hash.</summary>
    public abstract void FindKeys(ulong hash, List<int> ordinals);

    /// <summary>Keeps the segment open for a reader.</summary>
    /// <returns>False when it is closed already.</returns>
    public bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0;)
        {
            var before = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (before == holders)
            {
                return true;
            }

            holders = before;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Close();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _retired, 1) == 0)
        {
            Release();
        }
    }

    protected abstract void Close();
}
