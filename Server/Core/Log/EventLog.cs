using System.Diagnostics.CodeAnalysis;

namespace BeerTap.Server.Core.Log;

/// <summary>
/// The durable log of every event: one thread appends batches, any thread reads. What <see cref="Append"/> returned from survives a kill
/// and a power cut; the rest of the hub can be made again from it.
/// </summary>
internal sealed partial class EventLog : IDisposable
{
    private readonly ILogDisk _disk;
    private readonly ITerms _terms;
    private readonly LogOptions _options;
    private readonly AcknowledgedMark _mark;
    private readonly SegmentSupply _supply;
    private readonly BlockCache _cache;
    private readonly Redactions _redactions;
    private readonly TaskScheduler _background;

    // The appending thread's own.
    private OpenSegment _active;
    private bool _mustBegin;
    private byte[] _bookmark;

    // Replaced whole, under the lock; read by all without it.
    private readonly Lock _swap = new();
    private volatile Segment[] _segments;
    private long _head;

    private EventLog(
        ILogDisk disk, ITerms terms, LogOptions options, AcknowledgedMark mark, Recovery recovery, TaskScheduler background)
    {
        (_disk, _terms, _options, _mark, _background) = (disk, terms, options, mark, background);
        (_bookmark, _cache, _redactions, CutBytes) = (recovery.Bookmark, recovery.Cache, recovery.Redactions, recovery.CutBytes);
        _supply = new SegmentSupply(disk, background);
        _segments = [.. recovery.Segments];
        _active = (OpenSegment)_segments[^1];
        _head = _active.Last;
    }

    /// <summary>Gets the name of this log, which changes only when entries were lost and an operator accepted it.</summary>
    public string Epoch => _active.Header.Epoch;

    /// <summary>Gets the number of the newest entry that can be read; 0 in an empty log.</summary>
    public long Head => Volatile.Read(ref _head);

    /// <summary>Gets the number of the oldest entry that is kept.</summary>
    public long First => _segments[0].First;

    /// <summary>Gets the newest bookmark that was appended; empty when there is none.</summary>
    public ReadOnlySpan<byte> Bookmark => _bookmark;

    /// <summary>Creates an empty batch for this log.</summary>
    public Batch NewBatch() => new(_terms);

    /// <summary>Appends a batch. When it returns, the batch is flushed and can be read.</summary>
    /// <exception cref="LogException">
    /// Nothing of the batch can be read, now or after a restart; only a process that ends before the next append may find it in the log.
    /// </exception>
    public void Append(Batch batch)
    {
        try
        {
            // Set until all went well: an attempt to begin a segment may have left a file that says where this one ends.
            var begins = _mustBegin || !_active.HasRoom(batch.Length);
            _mustBegin = true;
            if (begins)
            {
                BeginSegment(batch.Length);
            }

            _active.Write(batch);
            _mark.Write(_active.Last + batch.Count);
            _mustBegin = false;
        }
        catch (IOException ex)
        {
            throw NotWritten(ex);
        }

        _active.Publish(batch);
        if (batch.Bookmark.Length > 0)
        {
            _bookmark = batch.Bookmark;
        }

        _redactions.Add(batch.Redactions);
        Volatile.Write(ref _head, _active.Last);
        if (_active.End > _active.Capacity / 2)
        {
            _supply.Prepare(NextLength(0));
        }
    }

    /// <summary>Closes the log. The mark is flushed, so that after a power cut it is still that of the last answer.</summary>
    public void Dispose()
    {
        try
        {
            _mark.Flush();
        }
        finally
        {
            _sealing.ContinueWith(static _ => { }, TaskScheduler.Default).GetAwaiter().GetResult();
            _supply.Drop();
            _mark.Dispose();
            foreach (var segment in _segments)
            {
                segment.Dispose();
            }
        }
    }

    /// <summary>
    /// Goes on in a new segment: the one before is full, or what stands behind its last acknowledged batch is void because a flush
    /// failed. The new header says where the one before ends, so no restart can bring the void part back.
    /// </summary>
    private void BeginSegment(int firstBatch)
    {
        var before = _active.Header;

        // A segment without entries would have the same first number and so the same name: the new one takes its place.
        var replaces = _active.Count == 0;
        var header = replaces
            ? NewHeader(before.Epoch, before.First, before.Salt, before.PreviousFirst, before.PreviousEnd)
            : NewHeader(before.Epoch, _active.Last + 1, before.Salt, before.First, _active.End);
        var segment = Create(_disk, _supply.Take(NextLength(firstBatch)), header);
        _mark.Flush();
        lock (_swap)
        {
            _segments = replaces ? [.. _segments[..^1], segment] : [.. _segments, segment];
        }

        if (replaces)
        {
            _active.Dispose();
        }

        _active = segment;
        SealInBackground();
    }

    private SegmentHeader NewHeader(string epoch, long first, long salt, long previousFirst, long previousEnd) =>
        new(epoch, first, NewIdentity(), salt, previousFirst, previousEnd, _bookmark);

    private static LogException NotWritten(IOException ex) => new(
        DiskErrors.IsFull(ex) ? LogFault.DiskFull : LogFault.NotFlushed, $"The log could not be written: {ex.Message}", ex);

    private long NextLength(int firstBatch) =>
        Math.Max(Math.Min(_active.Capacity * 2, _options.SegmentBytes), SegmentHeader.Length + (long)firstBatch);

    [SuppressMessage("Security", "CA5394", Justification = "An identity tells files apart; it is no secret.")]
    private static ulong NewIdentity() => (ulong)Random.Shared.NextInt64() | 1;
}
