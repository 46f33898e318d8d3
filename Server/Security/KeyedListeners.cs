using System.Collections.Concurrent;
using BeerTap.Server.Live;

namespace BeerTap.Server.Security;

/// <summary>The open connections of each key, so that those of a revoked one can be closed.</summary>
internal sealed class KeyedListeners : IDisposable
{
    /// <summary>How long a listener that is no longer welcome may take over the closing words before it is cut.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<Subscriber, string> _keyOf = new();
    private readonly ConcurrentDictionary<Arrival, string> _arriving = new();
    private readonly ApiKeys _keys;
    private readonly TimeProvider _time;

    public KeyedListeners(ApiKeys keys, TimeProvider time)
    {
        (_keys, _time) = (keys, time);
        _keys.Revoked += Close;
    }

    /// <summary>How many open connections came with a key.</summary>
    public int Count => _keyOf.Count + _arriving.Count;

    /// <summary>Keeps a connection that is not served yet, such as one in SignalR's handshake. Until it is disposed of, <paramref name="end"/> is called when the key is revoked.</summary>
    public Arrival Arrive(ApiKey? key, Action end)
    {
        var arrival = new Arrival(this, end);
        if (key is null)
        {
            return arrival;
        }

        _arriving[arrival] = key.Id;
        if (!_keys.IsGood(key))
        {
            end();
        }

        return arrival;
    }

    /// <summary>Adds a connection that is about to be served; false when its key was revoked since it was authenticated.</summary>
    public bool TryAdd(Subscriber subscriber)
    {
        if (subscriber.Request.Key is not { } key)
        {
            return true;
        }

        _keyOf[subscriber] = key.Id;
        if (_keys.IsGood(key))
        {
            return true;
        }

        Left(subscriber);
        return false;
    }

    /// <summary>A connection is served from now on. A key that was revoked after <see cref="TryAdd"/> closes it.</summary>
    public void Joined(Subscriber subscriber)
    {
        if (subscriber.Request.Key is { } key && !_keys.IsGood(key))
        {
            Close(subscriber);
        }
    }

    public void Left(Subscriber subscriber)
    {
        if (subscriber.Request.Key is not null) _keyOf.TryRemove(subscriber, out _);
    }

    public void Dispose() => _keys.Revoked -= Close;

    // A revocation is rare: walking all connections then is cheaper than keeping lists a key at every join.
    private void Close(string id)
    {
        foreach (var (subscriber, key) in _keyOf)
        {
            if (key == id) Close(subscriber);
        }

        foreach (var (arrival, key) in _arriving)
        {
            if (key == id)
            {
                arrival.End();
            }
        }
    }

    private void Close(Subscriber subscriber)
    {
        subscriber.RequestClose(CloseReason.NotAllowed);
        _ = CutUnlessLeftAsync(subscriber);
    }

    /// <summary>One that takes nothing, or keeps its side open, would otherwise stay until its write is given up.</summary>
    private async Task CutUnlessLeftAsync(Subscriber subscriber)
    {
        try
        {
            await subscriber.Left.WaitAsync(Grace, _time);
        }
        catch (TimeoutException)
        {
            subscriber.Abort();
        }
    }

    /// <summary>A connection between its authentication and its join.</summary>
    internal sealed class Arrival(KeyedListeners all, Action end) : IDisposable
    {
        public void End() => end();

        public void Dispose() => all._arriving.TryRemove(this, out _);
    }
}
