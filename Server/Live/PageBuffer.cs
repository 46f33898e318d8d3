using System.Buffers;

namespace BeerTap.Server.Live;

/// <summary>Where a page of frames is written, in memory of the shared pool: a page is larger than what the collector moves, and thousands are made a second.</summary>
internal sealed class PageBuffer(int sizeHint) : IBufferWriter<byte>
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(sizeHint);
    private int _used;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _used);

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _bytes.AsSpan(_used);
    }

    /// <summary>Gives the memory back; nobody may look at it any more. A page that was not sent is left to the collector: somebody may still read it.</summary>
    public void Return()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        (_bytes, _used) = ([], 0);
    }

    private void Reserve(int sizeHint)
    {
        if (_used + Math.Max(sizeHint, 1) <= _bytes.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _used + sizeHint));
        _bytes.AsSpan(0, _used).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
