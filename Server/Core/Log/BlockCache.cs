namespace BeerTap.Server.Core.Log;

/// <summary>
/// Keeps the newest unpacked blocks of all sealed segments, so that neighbours are read without unpacking their block again.
/// </summary>
internal sealed class BlockCache(int blocks = BlockCache.DefaultBlocks)
{
    /// <summary>4 MiB of blocks.</summary>
    public const int DefaultBlocks = 64;

    // Guarded by itself; the newest is last.
    private readonly LinkedList<(Segment Segment, int Block, byte[] Entries)> _order = [];
    private readonly Dictionary<(Segment Segment, int Block), LinkedListNode<(Segment Segment, int Block, byte[] Entries)>> _byBlock = [];

    public byte[] Get(SealedSegment segment, int block)
    {
        lock (_order)
        {
            if (_byBlock.TryGetValue((segment, block), out var node))
            {
                _order.Remove(node);
                _order.AddLast(node);
                return node.Value.Entries;
            }
        }

        var entries = segment.Unpack(block);
        lock (_order)
        {
            if (_byBlock.ContainsKey((segment, block)))
            {
                return entries;
            }

            _byBlock[(segment, block)] = _order.AddLast((segment, block, entries));
            if (_order.Count > blocks && _order.First is { } oldest)
            {
                _order.RemoveFirst();
                _byBlock.Remove((oldest.Value.Segment, oldest.Value.Block));
            }
        }

        return entries;
    }
}
