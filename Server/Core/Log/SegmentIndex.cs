namespace BeerTap.Server.Core.Log;

/// <summary>
/// Finds the entries of a segment that is not sealed, in memory: by ordinal, by channel and position, by term and by idempotency key. One
/// thread adds, any thread reads.
/// </summary>
/// <remarks>
/// About 40 bytes an entry: 4 for its offset, 4 each for channel and terms, 24 for a key. Segments of 64 MiB hold up to 500,000 beers.
/// </remarks>
internal sealed class SegmentIndex(long salt)
{
    private readonly Lock _gate = new();
    private readonly GrowingOrdinals _offsets = new();

    // Guarded by the gate.
    private readonly Dictionary<byte[], ChannelOrdinals> _channels = new(BytesComparer.Instance);
    private readonly Dictionary<byte[], GrowingOrdinals> _postings = new(BytesComparer.Instance);
    private readonly Dictionary<ulong, int> _keys = [];
    private readonly List<(ulong Hash, int Ordinal)> _sameHash = [];

    public int Count => _offsets.Count;

    /// <summary>Gets where an entry begins within the segment's file.</summary>
    public int OffsetOf(int ordinal) => _offsets[ordinal];

    public void Add(in LogEntry entry, TermSet terms, int offset)
    {
        var ordinal = _offsets.Count;
        lock (_gate)
        {
            var channels = _channels.GetAlternateLookup<ReadOnlySpan<byte>>();
            if (!channels.TryGetValue(entry.Channel, out var channel))
            {
                channels[entry.Channel] = channel = new ChannelOrdinals(entry.Position, new GrowingOrdinals());
            }

            ((GrowingOrdinals)channel.Ordinals).Add(ordinal);
            var postings = _postings.GetAlternateLookup<ReadOnlySpan<byte>>();
            for (var i = 0; i < terms.Count; i++)
            {
                if (!postings.TryGetValue(terms[i], out var ordinals))
                {
                    postings[terms[i]] = ordinals = new GrowingOrdinals();
                }

                ordinals.Add(ordinal);
            }

            if (!entry.Key.IsEmpty)
            {
                var hash = IdempotencyRecord.HashOf(IdempotencyRecord.KeyOf(entry.Key), salt);
                if (!_keys.TryAdd(hash, ordinal))
                {
                    _sameHash.Add((hash, ordinal));
                }
            }
        }

        _offsets.Add(offset);
    }

    public ChannelOrdinals? Channel(ReadOnlySpan<byte> channel)
    {
        lock (_gate)
        {
            return _channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out var found) ? found : null;
        }
    }

    public IOrdinals? Term(ReadOnlySpan<byte> term)
    {
        lock (_gate)
        {
            return _postings.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(term, out var found) ? found : null;
        }
    }

    /// <summary>Adds the ordinals of entries whose key has this hash.</summary>
    public void FindKeys(ulong hash, List<int> ordinals)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(hash, out var ordinal))
            {
                return;
            }

            ordinals.Add(ordinal);
            foreach (var other in _sameHash)
            {
                if (other.Hash == hash)
                {
                    ordinals.Add(other.Ordinal);
                }
            }
        }
    }

    /// <summary>Gets everything at once, to write it behind a sealed segment. Nothing is added any more.</summary>
    public IndexContent Content()
    {
        lock (_gate)
        {
            return new IndexContent(
                [.. _channels.Select(channel => (channel.Key, channel.Value))],
                [.. _postings.Select(term => (term.Key, (IOrdinals)term.Value))],
                [.. _keys.Select(key => (key.Key, key.Value)), .. _sameHash]);
        }
    }
}

/// <summary>A channel within a segment: its positions are contiguous, so the n-th of its ordinals has the first position plus n.</summary>
internal sealed record ChannelOrdinals(long FirstPosition, IOrdinals Ordinals);

internal sealed record IndexContent(
    IReadOnlyList<(byte[] Name, ChannelOrdinals Channel)> Channels,
    IReadOnlyList<(byte[] Term, IOrdinals Ordinals)> Postings,
    IReadOnlyList<(ulong Hash, int Ordinal)> Keys);
