using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>A client of one transport that hands over what it hears, event by event.</summary>
internal abstract class Listener : IAsyncDisposable
{
    /// <summary>What a test waits at most for one event: far above what a busy machine needs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<JsonObject> _heard = Channel.CreateUnbounded<JsonObject>();
    private readonly CancellationTokenSource _stop = new();
    private Task _listening = Task.CompletedTask;

    public static readonly string[] JsonTransports = ["signalr", "websocket", "sse"];

    /// <summary>The last position that was heard, to resume from.</summary>
    public string Position { get; private set; } = "";

    /// <summary>Connects over a transport and has heard the welcome when it returns.</summary>
    public static Task<Listener> ConnectAsync(string transport, HubUnderTest hub, string? after = null, int? tapId = null, string? key = null) =>
        ConnectAsync(transport, hub.Address, after, tapId, key: key);

    /// <summary>Connects over a transport and has heard the welcome when it returns.</summary>
    public static async Task<Listener> ConnectAsync(string transport, Uri hub, string? after = null, int? tapId = null, string? lastEventId = null, string? key = null)
    {
        Listener listener = transport switch
        {
            "signalr" => new SignalRListener(),
            "websocket" => new SocketListener(),
            "sse" => new SseListener(lastEventId),
            _ => throw new ArgumentOutOfRangeException(nameof(transport), transport, "No such transport."),
        };
        try
        {
            await listener.StartAsync(hub, Query(after, tapId, key));
            listener.Welcome = await listener.NextAsync("welcome");
            return listener;
        }
        catch
        {
            await listener.DisposeAsync();
            throw;
        }
    }

    public JsonObject Welcome { get; private set; } = [];

    public static string Query(string? after, int? tapId, string? key = null) => "?" + string.Join(
        '&',
        new[] { after is null ? null : "after=" + after, tapId is null ? null : "tapId=" + tapId, key is null ? null : "access_token=" + key }.OfType<string>());

    /// <summary>The next event, whatever it is.</summary>
    /// <exception cref="ChannelClosedException">The connection is over and all that came was heard.</exception>
    public async Task<JsonObject> NextAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var heard = await _heard.Reader.ReadAsync(patience.Token);
        if ((string?)heard["position"] is { } position) Position = position;
        return heard;
    }

    /// <summary>The next event, which must have this name.</summary>
    public async Task<JsonObject> NextAsync(string name)
    {
        var heard = await NextAsync();
        Assert.Equal(name, (string?)heard["event"]);
        return heard;
    }

    /// <summary>The next event of the log; share reports in between are passed over.</summary>
    public async Task<JsonObject> NextLoggedAsync()
    {
        JsonObject heard;
        do heard = await NextAsync();
        while ((string?)heard["event"] == "shareReport");
        return heard;
    }

    /// <summary>Hears events of the log up to a position number and checks that none is missing, doubled or out of order.</summary>
    public async Task HearContiguousAsync(long from, long to)
    {
        for (var seq = from; seq <= to; seq++)
        {
            var heard = await NextLoggedAsync();
            Assert.True(SeqOf(heard) == seq, $"expected position number {seq}, heard {heard.ToJsonString()}");
        }
    }

    /// <summary>Done when the hub has ended the connection; gives what else was heard before.</summary>
    public async Task<List<JsonObject>> UntilClosedAsync()
    {
        await _listening.WaitAsync(Patience);
        var rest = new List<JsonObject>();
        while (_heard.Reader.TryRead(out var heard)) rest.Add(heard);
        return rest;
    }

    public static long SeqOf(JsonObject heard) => long.Parse(((string)heard["position"]!).Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening.WaitAsync(Patience);
        Close();
        _stop.Dispose();
    }

    protected abstract Task OpenAsync(Uri hub, string query, CancellationToken cancel);

    protected abstract Task ReceiveAsync(CancellationToken cancel);

    protected abstract void Close();

    protected void Heard(string json) => _heard.Writer.TryWrite(JsonNode.Parse(json)!.AsObject());

    private async Task StartAsync(Uri hub, string query)
    {
        await OpenAsync(hub, query, _stop.Token);
        _listening = Task.Run(async () =>
        {
            try
            {
                await ReceiveAsync(_stop.Token);
            }
            catch (Exception fault) when (fault is OperationCanceledException or WebSocketException or IOException or HttpRequestException)
            {
                // The connection is over, by the test's or the hub's doing; the test judges by what was heard.
            }
            finally
            {
                _heard.Writer.TryComplete();
            }
        });
    }
}

/// <summary>Plain WebSocket with the sub-protocol <c>beertap.v1</c>.</summary>
internal sealed class SocketListener : Listener
{
    private readonly TestSocket _socket = new();

    public WebSocketCloseStatus? CloseStatus => _socket.Socket.CloseStatus;

    public Task SendAsync(string text) => _socket.SendAsync(text);

    protected override Task OpenAsync(Uri hub, string query, CancellationToken cancel) =>
        _socket.OpenAsync(TestSocket.Address(hub, "/sockets/beers" + query), cancel, "beertap.v1");

    protected override async Task ReceiveAsync(CancellationToken cancel)
    {
        await foreach (var message in _socket.MessagesAsync(cancel))
        {
            foreach (var line in message.Split('\n')) Heard(line);
        }
    }

    protected override void Close() => _socket.Dispose();
}

/// <summary>SignalR's JSON protocol, spoken by hand: the bytes are what is tested here; the official client is tested elsewhere.</summary>
internal sealed class SignalRListener : Listener
{
    private const char RecordSeparator = '\u001e';

    private readonly TestSocket _socket = new();

    protected override async Task OpenAsync(Uri hub, string query, CancellationToken cancel)
    {
        await _socket.OpenAsync(TestSocket.Address(hub, "/hubs/taps" + query), cancel);
        await _socket.SendAsync("{\"protocol\":\"json\",\"version\":1}" + RecordSeparator);
    }

    protected override async Task ReceiveAsync(CancellationToken cancel)
    {
        await foreach (var message in _socket.MessagesAsync(cancel))
        {
            foreach (var record in message.Split(RecordSeparator, StringSplitOptions.RemoveEmptyEntries))
            {
                var json = JsonNode.Parse(record)!.AsObject();
                if ((int?)json["type"] == 7) return;
                if ((int?)json["type"] != 1) continue;
                var heard = json["arguments"]!.AsArray().Single()!;
                Assert.Equal((string?)json["target"], (string?)heard["event"]);
                Heard(heard.ToJsonString());
            }
        }
    }

    protected override void Close() => _socket.Dispose();
}

/// <summary>Server-Sent Events.</summary>
internal sealed class SseListener(string? lastEventId) : Listener
{
    private readonly HttpClient _http = new();
    private HttpResponseMessage? _answer;

    protected override async Task OpenAsync(Uri hub, string query, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(hub, "/api/events/stream" + query));
        if (lastEventId is not null) request.Headers.Add("Last-Event-ID", lastEventId);
        _answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        Assert.Equal("text/event-stream", _answer.Content.Headers.ContentType?.MediaType);
    }

    protected override async Task ReceiveAsync(CancellationToken cancel)
    {
        using var lines = new StreamReader(await _answer!.Content.ReadAsStreamAsync(cancel), Encoding.UTF8);
        string? id = null, name = null;
        while (await lines.ReadLineAsync(cancel) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal)) name = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                var heard = JsonNode.Parse(line[6..])!;
                Assert.Equal(name, (string?)heard["event"]);
                if (name != "closing") Assert.Equal(id, (string?)heard["position"]);
                Heard(line[6..]);
            }
        }
    }

    protected override void Close()
    {
        _answer?.Dispose();
        _http.Dispose();
    }
}
