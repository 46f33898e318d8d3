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
    private byte[] _chunk = new byte[ChunkBytes];
    private int _used;
    private int _written;

    /// <param name="capacity">Events, a power of two.</param>
    public FrameRing(int capacity)
    {
        _mask = capacity - 1;
        (_chunks, _starts, _ends) = (new byte[capacity][], new int[capacity], new int[capacity]);
    }

    /// <summary>Forgets a frame that was begun and not ended, by a fault on the way.</summary>
    public void DropUnfinished() => _written = 0;

    /// <summary>Ends the frame that was written since the last one; it is the frame of this position number.</summary>
    public void EndFrame(long seq)
    {
        var at = (int)(seq & _mask);
        (_chunks[at], _starts[at], _ends[at]) = (_chunk, _used, _used + _written);
        _used += _written;
        _written = 0;
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
