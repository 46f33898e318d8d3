using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace BeerTap.Client.Tests.Fakes;

/// <summary>The hub's log and its listeners, in memory: enough of the real one for a client to be tried against.</summary>
internal sealed class FakeLog(string epoch = "fake")
{
    private readonly Lock _change = new();
    private readonly List<JsonObject> _events = [];
    private readonly List<Channel<JsonObject>> _listeners = [];
    private readonly List<Listener> _everListened = [];
    private readonly Dictionary<string, Beer> _byPourId = [];

    /// <summary>What each listener asked for, in order of arrival.</summary>
    public IReadOnlyList<Listener> Listened => Locked(() => _everListened.ToArray());

    public int Listening => Locked(() => _listeners.Count);

    public long Head => Locked(() => _events.Count);

    public string PositionOf(long seq) => $"{epoch}-{seq}";

    /// <summary>Stores a pour once; the second time it is the same beer, replayed.</summary>
    public (Beer Beer, bool Replayed) Pour(Pour pour)
    {
        lock (_change)
        {
            if (_byPourId.TryGetValue(pour.PourId, out var known)) return (known, true);
            var beer = new Beer(_events.Count + 1, pour.Volume > 800 ? "stein" : pour.Volume > 300 ? "pint" : "half", pour.Volume, pour.PouredAt ?? DateTime.UnixEpoch, pour.TapId);
            _byPourId[pour.PourId] = beer;
            Append(new FeedEvent(FeedEvent.BeerPoured, PositionOf(beer.Id), Beer: beer));
            return (beer, false);
        }
    }

    public void PourMany(int pours)
    {
        for (var i = 0; i < pours; i++) Pour(new Pour(1, 500m, Guid.NewGuid().ToString("N"), DateTime.UnixEpoch));
    }

    public void Delete(long beer)
    {
        lock (_change) Append(new FeedEvent(FeedEvent.BeerDeleted, PositionOf(_events.Count + 1), Id: beer));
    }

    public void Report()
    {
        lock (_change) Send(new FeedEvent(FeedEvent.ShareReport, PositionOf(_events.Count), Report: new ShareReport(_events.Count, [new TapShare(1, _events.Count, 100m, 500m * _events.Count)])));
    }

    /// <summary>Sends what is not in the log, as a faulty or a leaving hub would.</summary>
    public void Send(FeedEvent raw) => Send(Json(raw));

    public void Send(JsonObject raw)
    {
        lock (_change) _listeners.ForEach(listener => listener.Writer.TryWrite(raw));
    }

    /// <summary>Appends an event of any kind and any fields at the next position; <c>event</c> and <c>position</c> are put before them.</summary>
    public void Append(string kind, JsonObject fields)
    {
        lock (_change) Append(new JsonObject([new("event", kind), new("position", PositionOf(_events.Count + 1)), .. fields.Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))]));
    }

    /// <summary>Ends every connection.</summary>
    public void HangUp()
    {
        lock (_change) _listeners.ForEach(listener => listener.Writer.TryComplete());
    }

    /// <summary>A welcome, what came after the position asked for, and then what happens.</summary>
    public ChannelReader<JsonObject> Listen(Listener listener)
    {
        lock (_change)
        {
            var channel = Channel.CreateUnbounded<JsonObject>();
            var head = _events.Count;
            var known = Position.TryParse(listener.After, out var after) && after.Epoch == epoch && after.Seq <= head;
            var start = listener.After == Position.Earliest ? 0 : known ? after.Seq : head;
            channel.Writer.TryWrite(Json(new FeedEvent(FeedEvent.Welcome, PositionOf(start), epoch)));
            if (listener.After is not (null or Position.Earliest) && !known) channel.Writer.TryWrite(Json(new FeedEvent(FeedEvent.Reload, PositionOf(head))));
            foreach (var missed in _events.Skip((int)start)) channel.Writer.TryWrite(missed);
            _listeners.Add(channel);
            _everListened.Add(listener);
            return channel.Reader;
        }
    }

    public void Leave(ChannelReader<JsonObject> reader)
    {
        lock (_change) _listeners.RemoveAll(listener => listener.Reader == reader);
    }

    private static JsonObject Json(FeedEvent entry) => JsonSerializer.SerializeToNode(entry, ClientJson.Default.FeedEvent)!.AsObject();

    private void Append(FeedEvent entry) => Append(Json(entry));

    private void Append(JsonObject entry)
    {
        _events.Add(entry);
        Send(entry);
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_change) return read();
    }
}

internal sealed record Listener(string Path, string? TapId, string? After, string? Key);
