namespace BeerTap.Server.Core.Log;

/// <summary>
/// Represents a segment as batches are appended to it: a header page, batches one behind the other, zeros. It is preallocated with zeros,
/// so that a flush writes data only. One thread appends.
/// </summary>
internal sealed class OpenSegment(SegmentHeader header, string name, ILogFile file, SegmentIndex index) : Segment(header, name)
{
    /// <summary>
    /// How far apart two entries may lie and still be read in one go: what lies between them costs less than another call.
    /// </summary>
    private const int Gap = 16 * 1024;

    private const int MaxRun = 256 * 1024;

    // Where the flushed batches end. Read by readers for the end of the last entry.
    private long _end = SegmentHeader.Length;

    public override long End => Volatile.Read(ref _end);

    public long Capacity => file.Length;

    public SegmentIndex Index => index;

    public ILogFile File => file;

    public override int Count => index.Count;

    public bool HasRoom(int length) => End + length <= Capacity;

    /// <summary>Writes and flushes a batch behind the others. Readers do not see it yet.</summary>
    /// <exception cref="IOException">It may be on the disk or not.</exception>
    public void Write(Batch batch)
    {
        file.Write(batch.Finish(First + Count, Header.Identity), End);
        file.Flush();
    }

    /// <summary>Makes a batch readable that was written and flushed.</summary>
    public void Publish(Batch batch)
    {
        var (start, first) = (_end, First + Count);

        // The end moves first: a reader takes it for the end of the last entry.
        Volatile.Write(ref _end, start + batch.Length);
        for (var i = 0; i < batch.Count; i++)
        {
            index.Add(batch.Entry(i, first), batch.TermsOf(i), checked((int)(start + batch.StartOf(i))));
        }
    }

    /// <summary>Makes a batch readable that stands behind the others already, as recovery found it.</summary>
    public void Publish(ReadOnlyMemory<byte> entries, int length, ITerms terms)
    {
        var found = new TermSet();
        var offset = checked((int)_end + Batch.HeaderLength);
        Volatile.Write(ref _end, _end + length);
        while (LogEntry.LengthAt(entries.Span) is > 0 and var entryLength)
        {
            var entry = new LogEntry(First + Count, entries[..entryLength]);
            found.Clear();
            terms.Of(entry, found);
            index.Add(entry, found, offset);
            entries = entries[entryLength..];
            offset += entryLength;
        }
    }

    public override void Read(ReadOnlySpan<int> ordinals, int maxBytes, List<LogEntry> entries)
    {
        for (var read = 0L; !ordinals.IsEmpty && read < maxBytes;)
        {
            var start = index.OffsetOf(ordinals[0]);
            var run = 1;
            while (run < ordinals.Length && index.OffsetOf(ordinals[run]) - index.OffsetOf(ordinals[run - 1]) < Gap
                && index.OffsetOf(ordinals[run]) - start < Math.Min(MaxRun, maxBytes - read))
            {
                run++;
            }

            read += ReadRun(ordinals[..run], start, entries);
            ordinals = ordinals[run..];
        }
    }

    public override ChannelOrdinals? Channel(ReadOnlySpan<byte> channel) => index.Channel(channel);

    public override IOrdinals? Term(ReadOnlySpan<byte> term) => index.Term(term);

    public override void FindKeys(ulong hash, List<int> ordinals) => index.FindKeys(hash, ordinals);

    protected override void Close() => file.Dispose();

    private long ReadRun(ReadOnlySpan<int> ordinals, int start, List<LogEntry> entries)
    {
        var last = ordinals[^1];
        var end = last + 1 < index.Count ? index.OffsetOf(last + 1) : End;
        var bytes = new byte[end - start];
        var length = file.Read(bytes, start);
        var read = 0L;
        foreach (var ordinal in ordinals)
        {
            var at = index.OffsetOf(ordinal) - start;
            var entryLength = LogEntry.LengthAt(bytes.AsSpan(0, length)[Math.Min(at, length)..]);
            if (entryLength == 0 || !LogEntry.IsIntact(bytes.AsSpan(at, entryLength)))
            {
                throw new LogException(
                    LogFault.Damaged, $"{Name} is damaged at byte {start + at}: entry {First + ordinal} cannot be read.");
            }

            entries.Add(new LogEntry(First + ordinal, bytes.AsMemory(at, entryLength)));
            read += entryLength;
        }

        return read;
    }
}
