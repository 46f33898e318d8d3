namespace BeerTap.Server.Core.Log;

internal sealed partial class EventLog
{
    /// <summary>Gets an entry by its log number, or null when there is none, no longer or not yet.</summary>
    public LogEntry? Find(long number)
    {
        if (number < 1 || number > Head)
        {
            return null;
        }

        var entries = new List<LogEntry>(1);
        ReadFrom(number, 1, 1, entries);
        return entries.Count > 0 && entries[0].Number == number ? entries[0] : null;
    }

    /// <summary>Reads entries of all channels in the order of the log.</summary>
    /// <param name="from">The number of the first entry wanted.</param>
    /// <param name="maxBytes">Ends the reading behind the entry that reaches it; one entry is always read.</param>
    /// <param name="entries">The entries are added here. Fewer than <paramref name="max"/> do not mean that there are no more.</param>
    /// <exception cref="LogException">An entry is damaged.</exception>
    public void ReadFrom(long from, int max, int maxBytes, List<LogEntry> entries)
    {
        var head = Head;
        from = Math.Max(from, First);
        if (from > head || max < 1)
        {
            return;
        }

        using var held = Hold(SegmentOf(from));
        var ordinal = from - held.Segment.First;
        var count = (int)Math.Min(max, Math.Min(head, held.Segment.Last) - from + 1);
        Span<int> ordinals = count <= 256 ? stackalloc int[count] : new int[count];
        for (var i = 0; i < count; i++)
        {
            ordinals[i] = (int)ordinal + i;
        }

        Read(held.Segment, ordinals, maxBytes, entries);
    }

    /// <summary>Gets the position of the newest entry of a channel; 0 when it has none that is kept.</summary>
    public long HeadOf(ReadOnlySpan<byte> channel)
    {
        var (head, segments) = (Head, _segments);
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            using var held = Hold(i, segments);
            if (held.Segment.Channel(channel) is { } found && VisibleOf(found.Ordinals, held.Segment, head) is > 0 and var count)
            {
                return found.FirstPosition + count - 1;
            }
        }

        return 0;
    }

    /// <summary>Reads entries of one channel in its order.</summary>
    /// <param name="after">The position behind which to begin.</param>
    /// <exception cref="LogException">An entry is damaged.</exception>
    public void ReadChannel(ReadOnlySpan<byte> channel, long after, int max, int maxBytes, List<LogEntry> entries)
    {
        var (head, segments) = (Head, _segments);

        // From the newest back: listeners ask for what is new far more often than for what is old.
        var start = -1;
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            using var held = Hold(i, segments);
            if (held.Segment.Channel(channel) is not { } found)
            {
                continue;
            }

            if (found.FirstPosition + VisibleOf(found.Ordinals, held.Segment, head) - 1 > after)
            {
                start = i;
            }

            if (found.FirstPosition <= after + 1)
            {
                break;
            }
        }

        for (var i = start; i >= 0 && i < segments.Length && max > 0 && maxBytes > 0; i++)
        {
            using var held = Hold(i, segments);
            if (held.Segment.Channel(channel) is not { } found)
            {
                continue;
            }

            var (skip, visible) = ((int)Math.Max(0, after + 1 - found.FirstPosition), VisibleOf(found.Ordinals, held.Segment, head));
            var before = entries.Count;
            Read(held.Segment, found.Ordinals, skip, Math.Min(visible, skip + max), maxBytes, entries);
            (max, maxBytes) = (max - (entries.Count - before), maxBytes - BytesOf(entries, before));
        }
    }

    /// <summary>Reads entries that have a term, newest first.</summary>
    /// <param name="before">The log number before which to begin.</param>
    /// <exception cref="LogException">An entry is damaged.</exception>
    public void ReadTerm(ReadOnlySpan<byte> term, long before, int max, List<LogEntry> entries)
    {
        var segments = _segments;
        before = Math.Min(before, Head + 1);
        for (var i = segments.Length - 1; i >= 0 && max > 0; i--)
        {
            if (segments[i].First >= before)
            {
                continue;
            }

            using var held = Hold(i, segments);
            if (held.Segment.Term(term) is not { } ordinals)
            {
                continue;
            }

            var end = ordinals.FirstFrom(before - held.Segment.First);
            var found = new List<LogEntry>();
            Read(held.Segment, ordinals, Math.Max(0, end - max), end, int.MaxValue, found);
            found.Reverse();
            entries.AddRange(found);
            max -= found.Count;
        }
    }

    /// <summary>Gets the entry whose command had this idempotency key, or null.</summary>
    /// <param name="key">The key with its scope.</param>
    /// <exception cref="LogException">An entry is damaged.</exception>
    public LogEntry? FindKey(ReadOnlySpan<byte> key)
    {
        var (head, segments) = (Head, _segments);
        var hash = IdempotencyRecord.HashOf(key, segments[^1].Header.Salt);
        var (ordinals, entries) = (new List<int>(), new List<LogEntry>());
        for (var i = segments.Length - 1; i >= 0; i--)
        {
            using var held = Hold(i, segments);
            ordinals.Clear();
            held.Segment.FindKeys(hash, ordinals);
            foreach (var ordinal in ordinals)
            {
                if (held.Segment.First + ordinal > head)
                {
                    continue;
                }

                entries.Clear();
                Read(held.Segment, [ordinal], 1, entries);
                if (IdempotencyRecord.KeyOf(entries[0].Key).SequenceEqual(key))
                {
                    return entries[0];
                }
            }
        }

        return null;
    }

    private void Read(Segment segment, IOrdinals ordinals, int from, int to, int maxBytes, List<LogEntry> entries)
    {
        if (from >= to)
        {
            return;
        }

        var chosen = new int[to - from];
        for (var i = 0; i < chosen.Length; i++)
        {
            chosen[i] = ordinals[from + i];
        }

        Read(segment, chosen, maxBytes, entries);
    }

    private void Read(Segment segment, ReadOnlySpan<int> ordinals, int maxBytes, List<LogEntry> entries)
    {
        var before = entries.Count;
        segment.Read(ordinals, maxBytes, entries);
        _redactions.Apply(entries, before);
    }

    private static int BytesOf(List<LogEntry> entries, int from)
    {
        var bytes = 0;
        for (var i = from; i < entries.Count; i++)
        {
            bytes += entries[i].Bytes.Length;
        }

        return bytes;
    }

    /// <summary>Gets how many of the ordinals are published: what is being appended right now is not.</summary>
    private static int VisibleOf(IOrdinals ordinals, Segment segment, long head) =>
        ordinals.FirstFrom(head - segment.First + 1);

    private int SegmentOf(long number)
    {
        var segments = _segments;
        var (low, high) = (0, segments.Length - 1);
        while (low < high)
        {
            var middle = (low + high + 1) >>> 1;
            if (segments[middle].First <= number)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private Held Hold(int index) => Hold(index, _segments);

    /// <summary>Keeps a segment open while it is read. One that was just replaced is found again under its first number.</summary>
    private Held Hold(int index, Segment[] segments)
    {
        var segment = segments[index];
        while (!segment.TryHold())
        {
            segment = _segments[SegmentOf(segment.First)];
        }

        return new Held(segment);
    }

    private readonly ref struct Held(Segment segment)
    {
        public Segment Segment { get; } = segment;

        public void Dispose() => Segment.Release();
    }
}
