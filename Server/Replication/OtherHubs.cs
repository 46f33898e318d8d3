using BeerTap.Server.Taps;

namespace BeerTap.Server.Replication;

/// <summary>The other hubs of the log as far as they were heard of lately, and the taps that are connected to them.</summary>
internal sealed class OtherHubs(TapRegistry taps, TimeProvider time)
{
    /// <summary>A hub that says nothing for so long is taken for gone; it says something each second.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Hub> _hubs = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count
    {
        get { lock (_gate) return _hubs.Count; }
    }

    /// <summary>Takes a hub's word; whether all is known of it now. When not, a word was lost, or it was here before this hub: it must be asked.</summary>
    public bool Hear(PresenceWord word)
    {
        lock (_gate)
        {
            if (word.Leaves)
            {
                if (_hubs.Remove(word.Start, out var gone)) Forget(gone);
                return true;
            }

            if (!_hubs.TryGetValue(word.Start, out var hub)) _hubs[word.Start] = hub = new Hub();
            else if (word.N <= hub.Last) return true;
            if (word.N != hub.Last + 1) hub.Missed();
            (hub.Last, hub.HeardAt) = (word.N, time.GetTimestamp());
            Take(hub, word);
            return hub.IsKnown;
        }
    }

    /// <summary>Takes those off that fell silent.</summary>
    public void Lapse()
    {
        lock (_gate)
        {
            foreach (var (start, hub) in _hubs.Where(hub => time.GetElapsedTime(hub.Value.HeardAt) > Silence).ToList())
            {
                _hubs.Remove(start);
                Forget(hub);
            }
        }
    }

    private void Take(Hub hub, PresenceWord word)
    {
        if (word.Begins) hub.List = [];
        if (hub.List is { } list)
        {
            list.UnionWith(word.Came ?? []);
            if (!word.Ends) return;
            hub.List = null;
            hub.IsKnown = true;
            foreach (var tap in hub.Taps.Except(list).ToList()) Remove(hub, tap);
            foreach (var tap in list) Add(hub, tap);
            return;
        }

        foreach (var tap in word.Went ?? []) Remove(hub, tap);
        foreach (var tap in word.Came ?? []) Add(hub, tap);
    }

    private void Add(Hub hub, int tap)
    {
        if (hub.Taps.Add(tap)) taps.ConnectedElsewhere(tap);
    }

    private void Remove(Hub hub, int tap)
    {
        if (hub.Taps.Remove(tap)) taps.DisconnectedElsewhere(tap);
    }

    private void Forget(Hub hub)
    {
        foreach (var tap in hub.Taps) taps.DisconnectedElsewhere(tap);
    }

    private sealed class Hub
    {
        public HashSet<int> Taps { get; } = [];

        /// <summary>What was heard of a list that has not ended yet.</summary>
        public HashSet<int>? List { get; set; }

        /// <summary>A list was heard, and no word lost since.</summary>
        public bool IsKnown { get; set; }

        public long Last { get; set; }

        public long HeardAt { get; set; }

        public void Missed() => (List, IsKnown) = (null, false);
    }
}
