using System.Buffers;

namespace BeerTap.Server.Live;

/// <summary>
/// The newest events in the bytes of one format, one after another, so that all that a subscriber lacks is one piece of memory. Chunks are
/// never written twice: a slice stays good for as long as somebody holds it, however far the ring has gone on.
/// </summary>
/// <remarks>Not safe for several threads; <see cref="EventLog"/> guards it.</remarks>
internal sealed class FrameRing : IBufferWriter<byte>
{
    /// <summary>Below the 85,000 bytes at which an array would go to the large-object heap.</summary>
    private const int ChunkBytes = 64 * 1024;

    private readonly byte[]?[] _chunks;
    private readonly int[] _starts;
    private readonly int[] _ends;
    private readonly int _mask;
    private byte[] _chunk = [];
    private int _used;
    private int _written;
    private int _listeners;
    private long _wantedTo;
    private long _next;

    /// <param name="capacity">Events, a power of two.</param>
    /// <param name="head">The position number of the last event before the ring.</param>
    public FrameRing(FrameFormat format, int capacity, long head)
    {
        (Format, _mask, First, _next) = (format, capacity - 1, head + 1, head + 1);
        (_chunks, _starts, _ends) = (new byte[capacity][], new int[capacity], new int[capacity]);
    }

    public FrameFormat Format { get; }

    /// <summary>The position number of the oldest frame, or of the next one when there is none.</summary>
    public long First { get; private set; }

    public void Join() => _listeners++;

    /// <summary>
    /// Goes on for as many events as the ring holds after the last listener left: those that all lost their connection at once come back and
    /// find it. After that a format that nobody listens in costs nothing.
    /// </summary>
    public void Leave(long head)
    {
        if (--_listeners == 0) _wantedTo = head + _chunks.Length;
    }

    /// <summary>Whether the events between two position numbers are to be written; makes ready for them.</summary>
    public bool Begin(long first, long last)
    {
        // A frame that was begun and not ended, by a fault on the way.
        _written = 0;
        var isWanted = _listeners > 0 || first <= _wantedTo;
        if (!isWanted) BeginAnew(last + 1);
        else if (first != _next) BeginAnew(first);
        return isWanted;
    }

    /// <summary>Ends the frame that was written since the last one; it is the frame of this position number.</summary>
    public void EndFrame(long seq)
    {
        var at = (int)(seq & _mask);
        (_chunks[at], _starts[at], _ends[at]) = (_chunk, _used, _used + _written);
        _used += _written;
        _written = 0;
        _next = seq + 1;
        First = Math.Max(First, _next - _chunks.Length);
    }

    /// <summary>The frames after one position number and up to another, as far as they lie in one piece; both must be in the ring.</summary>
    public (ReadOnlyMemory<byte> Bytes, long Last) Slice(long after, long to)
    {
        var first = (int)((after + 1) & _mask);
        var chunk = _chunks[first];
        var last = after + 1;
        if (_chunks[(int)(to & _mask)] == chunk)
        {
            last = to;
        }
        else
        {
            while (_chunks[(int)((last + 1) & _mask)] == chunk) last++;
        }

        return (chunk.AsMemory(_starts[first].._ends[(int)(last & _mask)]), last);
    }

    void IBufferWriter<byte>.Advance(int count) => _written += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        Reserve(sizeHint);
        return _chunk.AsMemory(_used + _written);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint)
    {
        Reserve(sizeHint);
        return _chunk.AsSpan(_used + _written);
    }

    /// <summary>Forgets all frames; the next one is that of a position number.</summary>
    private void BeginAnew(long next)
    {
        if (First < _next)
        {
            Array.Clear(_chunks);
            (_chunk, _used) = ([], 0);
        }

        (First, _next) = (next, next);
    }

    private void Reserve(int sizeHint)
    {
        var needed = _written + Math.Max(sizeHint, 1);
        if (_used + needed <= _chunk.Length) return;

        // The frame that is being written moves over as a whole: a frame never lies in two chunks.
        var chunk = new byte[Math.Max(ChunkBytes, needed * 2)];
        _chunk.AsSpan(_used, _written).CopyTo(chunk);
        (_chunk, _used) = (chunk, 0);
    }
}
