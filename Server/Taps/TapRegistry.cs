using System.Collections.Concurrent;

namespace BeerTap.Server.Taps;

/// <summary>Which taps are connected: a tap is while it holds at least one connection that names its id.</summary>
internal sealed class TapRegistry(TimeProvider time)
{
    private readonly ConcurrentDictionary<int, Presence> _taps = new();

    /// <summary>The taps that have connected since the hub started.</summary>
    public IEnumerable<int> Seen => _taps.Keys;

    public void Connected(int tapId) => Count(tapId, +1);

    public void Disconnected(int tapId) => Count(tapId, -1);

    public bool IsConnected(int tapId) => _taps.GetValueOrDefault(tapId).Connections > 0;

    /// <summary>When a tap last came or went, or null when it did not since the hub started; now while it is connected.</summary>
    public DateTime? LastSeen(int tapId) => _taps.TryGetValue(tapId, out var presence)
        ? presence.Connections > 0 ? Now : presence.Changed
        : null;

    /// <summary>To the millisecond, as all times on the wire.</summary>
    private DateTime Now => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds()).UtcDateTime;

    private void Count(int tapId, int change)
    {
        var now = Now;
        _taps.AddOrUpdate(tapId, _ => new Presence(change, now), (_, presence) => new Presence(presence.Connections + change, now));
    }

    private readonly record struct Presence(int Connections, DateTime Changed);
}
