using BeerTap.Server.Storage;

namespace BeerTap.Server.Taps;

/// <summary>Which taps are connected: a tap is while it holds at least one connection that names its id, to this hub or to another that shares its log.</summary>
/// <remarks>
/// A tap that poured is in the store, which keeps it for ever. One that only connected is nowhere but here, and anybody who may listen can
/// name ids: of those that went away, the last <see cref="MostAway"/> are remembered, so that naming ids costs the hub no memory.
/// </remarks>
internal sealed class TapRegistry(BeerRepository repository, TimeProvider time)
{
    /// <summary>More taps than a house has, in about 100 KB.</summary>
    public const int MostAway = 1_000;

    private readonly Lock _counting = new();
    private readonly Dictionary<int, Presence> _taps = [];
    private readonly TapIds _ids = new();

    // Taps that only connected and are away, the longest away first.
    private readonly LinkedList<int> _away = [];

    /// <summary>How many taps have connected since the hub started, as far as they are remembered.</summary>
    public int Seen
    {
        get
        {
            lock (_counting)
            {
                return _ids.Count;
            }
        }
    }

    /// <summary>Those of them whose ids follow <paramref name="afterTap"/>, in order, at most <paramref name="limit"/> of them.</summary>
    public IReadOnlyList<int> SeenAfter(int afterTap, int limit)
    {
        lock (_counting)
        {
            return [.. _ids.After(afterTap, limit)];
        }
    }

    /// <summary>Told after a tap came to this hub or went from it.</summary>
    public event Action? Changed;

    /// <summary>The taps that are connected to this hub itself.</summary>
    public HashSet<int> Here
    {
        get { lock (_counting) return [.. _taps.Where(tap => tap.Value.Connections > 0).Select(tap => tap.Key)]; }
    }

    public void Connected(int tapId)
    {
        Come(tapId, presence => presence.Connections++);
        Changed?.Invoke();
    }

    public void Disconnected(int tapId)
    {
        Go(tapId, presence => presence.Connections--);
        Changed?.Invoke();
    }

    /// <summary>One more of the other hubs has the tap connected.</summary>
    public void ConnectedElsewhere(int tapId) => Come(tapId, presence => presence.Elsewhere++);

    /// <summary>One of the other hubs has it connected no longer, or is silent.</summary>
    public void DisconnectedElsewhere(int tapId) => Go(tapId, presence => presence.Elsewhere--);

    public bool IsConnected(int tapId)
    {
        lock (_counting) return _taps.TryGetValue(tapId, out var presence) && presence.IsConnected;
    }

    /// <summary>When a tap last came or went, or null when that is not known; now while it is connected.</summary>
    public DateTime? LastSeen(int tapId)
    {
        lock (_counting)
        {
            if (!_taps.TryGetValue(tapId, out var presence)) return null;

            // To the millisecond, as all times on the wire.
            return Beers.Instant.Milliseconds(time.GetUtcNow().UtcDateTime - (presence.IsConnected ? TimeSpan.Zero : time.GetElapsedTime(presence.Changed)));
        }
    }

    private void Come(int tapId, Action<Presence> count)
    {
        lock (_counting)
        {
            if (!_taps.TryGetValue(tapId, out var presence))
            {
                _taps[tapId] = presence = new Presence();
                _ids.Add(tapId);
            }

            if (presence.Away is { } away) _away.Remove(away);
            presence.Away = null;
            count(presence);
            presence.Changed = time.GetTimestamp();
        }
    }

    private void Go(int tapId, Action<Presence> count)
    {
        lock (_counting)
        {
            var presence = _taps[tapId];
            count(presence);
            presence.Changed = time.GetTimestamp();
            if (presence.IsConnected || repository.Totals.Find(tapId) is not null) return;
            presence.Away = _away.AddLast(tapId);
            if (_away.Count <= MostAway) return;
            _taps.Remove(_away.First!.Value);
            _ids.Remove(_away.First.Value);
            _away.RemoveFirst();
        }
    }

    private sealed class Presence
    {
        /// <summary>Those to this hub.</summary>
        public int Connections { get; set; }

        /// <summary>How many other hubs have it connected.</summary>
        public int Elsewhere { get; set; }

        public bool IsConnected => Connections > 0 || Elsewhere > 0;

        /// <summary>As a timestamp: a wall clock may be set meanwhile.</summary>
        public long Changed { get; set; }

        /// <summary>Its place among those that only connected and are away.</summary>
        public LinkedListNode<int>? Away { get; set; }
    }
}
