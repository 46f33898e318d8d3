using System.Globalization;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// Opens the segments of a log as a kill or a power cut left them. What was acknowledged is there whole, or the log is refused and left
/// as it is; what was torn before it was acknowledged is cut off.
/// </summary>
internal sealed class Recovery(ILogDisk disk, ITerms terms)
{
    public const string Suffix = ".log";

    private readonly List<Segment> _segments = [];
    private readonly AcknowledgedMark.Mark? _mark = AcknowledgedMark.Read(disk);

    public IReadOnlyList<Segment> Segments => _segments;

    public BlockCache Cache { get; } = new();

    /// <summary>Gets what was redacted and may not be erased yet.</summary>
    public Redactions Redactions { get; } = new();

    /// <summary>Gets the newest bookmark.</summary>
    public byte[] Bookmark { get; private set; } = [];

    /// <summary>Gets how many bytes of a batch were cut off that was never acknowledged; 0 when the log ended in order.</summary>
    public long CutBytes { get; private set; }

    public static string NameOf(long first) => first.ToString("D20", CultureInfo.InvariantCulture) + Suffix;

    /// <summary>Begins a log with its first segment.</summary>
    public void Begin(OpenSegment first) => _segments.Add(first);

    /// <summary>Opens what is there.</summary>
    /// <returns>False when the folder has no log.</returns>
    /// <exception cref="LogException">An acknowledged batch is damaged or missing. No file was changed.</exception>
    public bool Open()
    {
        try
        {
            foreach (var name in SegmentNames())
            {
                _segments.Add(OpenFile(name));
            }

            for (var i = 0; i < _segments.Count; i++)
            {
                var next = i + 1 < _segments.Count ? _segments[i + 1].Header : null;
                if (_segments[i] is OpenSegment open)
                {
                    Scan(open, next);
                }

                CheckEnd(_segments[i], next);
            }

            if (_mark is { } mark && mark.Number > (_segments.Count == 0 ? 0 : _segments[^1].Last))
            {
                throw new LogException(LogFault.Damaged, _segments.Count == 0
                    ? $"The log is missing, though {mark.Number} entries were acknowledged."
                    : $"The newest part of the log is missing: {_segments[^1].Name} ends with entry {_segments[^1].Last}, "
                        + $"though entry {mark.Number} was acknowledged.");
            }

            if (_segments.Count > 0)
            {
                Settle(_segments[^1] as OpenSegment ?? throw Damaged(_segments[^1].Name, 0, "the segment behind it is missing"));
            }

            return _segments.Count > 0;
        }
        catch
        {
            foreach (var segment in _segments)
            {
                segment.Dispose();
            }

            throw;
        }
    }

    /// <summary>
    /// Gets the names of files that are no part of the log: what was being written when the process ended, and what a sealed segment
    /// replaced.
    /// </summary>
    public IEnumerable<string> Leftovers() => disk.List().Where(name =>
        name.EndsWith(".new", StringComparison.Ordinal) || (IsSegment(name) && !_segments.Exists(segment => segment.Name == name)));

    private static bool IsSegment(string name) =>
        name.EndsWith(Suffix, StringComparison.Ordinal) || name.EndsWith(Seal.Suffix, StringComparison.Ordinal);

    /// <summary>
    /// Gets the files of the log in order. Where a segment is there twice, the sealed file was flushed before it got its name: it counts.
    /// </summary>
    private IEnumerable<string> SegmentNames() => disk.List()
        .Where(IsSegment)
        .GroupBy(name => Path.GetFileNameWithoutExtension(name), StringComparer.Ordinal)
        .OrderBy(names => names.Key, StringComparer.Ordinal)
        .Select(names => names.OrderByDescending(name => name.EndsWith(Seal.Suffix, StringComparison.Ordinal)).First());

    private Segment OpenFile(string name)
    {
        var file = disk.Open(name);
        try
        {
            var header = SegmentHeader.Read(file) ?? throw Damaged(name, 0, "its header cannot be read");
            var isSealed = name.EndsWith(Seal.Suffix, StringComparison.Ordinal);
            if ((isSealed ? Seal.NameOf(header.First) : NameOf(header.First)) != name)
            {
                throw Damaged(name, 0, $"its header is that of {NameOf(header.First)}");
            }

            if (_mark is { } mark && mark.Epoch != header.Epoch)
            {
                throw Damaged(name, 0, $"it belongs to epoch {header.Epoch}, and {AcknowledgedMark.FileName} to {mark.Epoch}");
            }

            if (_segments.Count == 0 && header.PreviousFirst != 0)
            {
                throw Damaged(name, 0, $"the segment before it, {NameOf(header.PreviousFirst)}, is missing");
            }

            if (_segments.LastOrDefault()?.Header is { } before && (header.Epoch != before.Epoch || header.PreviousFirst != before.First))
            {
                throw Damaged(
                    name,
                    0,
                    $"the segment before it is {header.PreviousFirst} of epoch {header.Epoch}, but found is {before.First} of {before.Epoch}");
            }

            return isSealed ? SealedSegment.Open(file, name, Cache) : new OpenSegment(header, name, file, new SegmentIndex(header.Salt));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the batches of a segment, up to where the header of the next one says that it ends.</summary>
    private void Scan(OpenSegment segment, SegmentHeader? next)
    {
        var end = next?.PreviousEnd ?? segment.Capacity;
        Bookmark = segment.Header.Bookmark.ToArray();
        var header = new byte[Batch.HeaderLength];
        while (segment.End < end)
        {
            var room = end - segment.End;
            if (room < Batch.HeaderLength || segment.File.Read(header, segment.End) < Batch.HeaderLength)
            {
                break;
            }

            var length = StoredBatch.LengthAt(header);
            if (length < Batch.HeaderLength || length > room)
            {
                break;
            }

            // Kept by nothing: the index takes what it needs.
            var bytes = new byte[length];
            if (segment.File.Read(bytes, segment.End) < length
                || !StoredBatch.TryRead(bytes, segment.Last + 1, segment.Header.Identity, out var batch))
            {
                break;
            }

            if (!batch.Bookmark.IsEmpty)
            {
                Bookmark = batch.Bookmark.ToArray();
            }

            Redactions.Add(batch.Redactions);
            segment.Publish(bytes.AsMemory(Batch.HeaderLength, batch.Entries.Length), length, terms);
        }

    }

    private void CheckEnd(Segment segment, SegmentHeader? next)
    {
        if (next is not null && (segment.End != next.PreviousEnd || segment.Last + 1 != next.First))
        {
            throw Damaged(segment.Name, segment.End, $"entry {segment.Last + 1} cannot be read, and {NameOf(next.First)} follows");
        }

        if (next is null && _mark is { } mark && segment.Last < mark.Number)
        {
            throw Damaged(
                segment.Name, segment.End, $"entry {segment.Last + 1} cannot be read, though entry {mark.Number} was acknowledged");
        }
    }

    /// <summary>
    /// Makes the end of the log certain. What stands behind it is overwritten with zeros. What a process wrote before it was killed is
    /// readable even when its flush failed, because the page cache answers: it is written and flushed once more, from the mark on.
    /// </summary>
    private void Settle(OpenSegment last)
    {
        var tail = LastByteBehind(last);
        if (tail > last.End && _mark is null)
        {
            throw Damaged(
                last.Name,
                last.End,
                $"a batch cannot be read there, and without {AcknowledgedMark.FileName} it is not known whether it was acknowledged");
        }

        CutBytes = Math.Max(0, tail - last.End);
        var from = LastAcknowledged(last);
        var bytes = new byte[Math.Max(tail, last.End) - from];
        last.File.Read(bytes.AsSpan(0, (int)(last.End - from)), from);
        if (bytes.Length == 0)
        {
            return;
        }

        last.File.Write(bytes, from);
        last.File.Flush();
    }

    /// <summary>
    /// Gets where the last acknowledged entry stands; what is written once more begins there, since the next batch has a header before
    /// its entries.
    /// </summary>
    private long LastAcknowledged(OpenSegment last)
    {
        var ordinal = (_mark?.Number ?? 0) - last.First;
        return ordinal < 0 ? SegmentHeader.Length : last.Index.OffsetOf((int)ordinal);
    }

    /// <summary>Gets the end of the last byte that is not zero behind the batches; the end of the batches when all are zero.</summary>
    private static long LastByteBehind(OpenSegment last)
    {
        var buffer = new byte[1024 * 1024];
        var found = last.End;
        for (var offset = last.End; offset < last.Capacity;)
        {
            var read = last.File.Read(buffer, offset);
            if (read == 0)
            {
                break;
            }

            var nonzero = buffer.AsSpan(0, read).LastIndexOfAnyExcept((byte)0);
            found = nonzero < 0 ? found : offset + nonzero + 1;
            offset += read;
        }

        return found;
    }

    private static LogException Damaged(string name, long offset, string what) =>
        new(LogFault.Damaged, $"{name} is damaged at byte {offset}: {what}.");
}
