using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace BeerTap.Server.Tests.Live;

/// <summary>How far a listener comes before it stops.</summary>
internal enum Stage
{
    /// <summary>Connects and says nothing.</summary>
    Silent,

    /// <summary>Stops in the middle of its request's headers.</summary>
    HalfRequest,

    /// <summary>Is let in and never says SignalR's handshake, or stops in the middle of it.</summary>
    NoHandshake,

    /// <summary>Hears what there is to hear.</summary>
    Arrived,
}

/// <summary>A listener of one transport over a <see cref="RawClient"/>: how it comes, and how it says goodbye in order.</summary>
internal sealed class RawListener(string transport, Uri hub, HttpClient http)
{
    private const char RecordSeparator = '\u001e';
    private const string Handshake = "{\"protocol\":\"json\",\"version\":1}";

    public static readonly string[] Transports = ["signalr", "signalr negotiated", "signalr sse", "signalr polling", "beertap.v1", "plain text", "sse"];

    private string _query = "";

    public string Transport => transport;

    public bool IsSignalR => transport.StartsWith("signalr", StringComparison.Ordinal);

    /// <summary>Whether it is going to read slowly or not at all.</summary>
    public bool IsSlow { get; init; }

    public RawClient Client { get; private set; } = null!;

    private bool IsSocket => transport is not ("signalr sse" or "signalr polling" or "sse");

    public async Task ArriveAsync(IPAddress from, string query, Stage stage = Stage.Arrived)
    {
        Client = await RawClient.ConnectAsync(hub, from, IsSlow);
        if (stage == Stage.Silent) return;

        if (IsSignalR && transport != "signalr") query += "&id=" + Uri.EscapeDataString(await NegotiateAsync(query));
        _query = query;
        var request = Request(query);
        if (stage == Stage.HalfRequest)
        {
            await Client.SayAsync(request[..^3]);
            return;
        }

        await Client.SayAsync(request);
        await Client.HearAsync(IsSocket ? "HTTP/1.1 101 " : "HTTP/1.1 200 ");
        await Client.HearAsync("\r\n\r\n");
        if (IsSignalR) await ShakeHandsAsync(request, stage);
        if (stage == Stage.Arrived && transport != "plain text") await Client.HearAsync("\"event\":\"welcome\"");
    }

    /// <summary>Asks as a listener that is to be refused; gives the status.</summary>
    public async Task<int> BeRefusedAsync(IPAddress from, string query)
    {
        Client = await RawClient.ConnectAsync(hub, from);
        await Client.SayAsync(Request(query));
        var status = await Client.HearAsync("\r\n");
        return int.Parse(status.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>SignalR's ping.</summary>
    public Task PingAsync() => SayRecordAsync("{\"type\":6}");

    /// <summary>Says goodbye as the transport has it, and sees the connection end.</summary>
    public async Task LeaveAsync()
    {
        if (IsSocket) await Client.SayFrameAsync("", opcode: 8);
        if (transport == "signalr polling")
        {
            using var answer = await http.DeleteAsync(Path(_query));
        }

        await Client.LeaveAsync();
    }

    private async Task ShakeHandsAsync(string request, Stage stage)
    {
        if (stage == Stage.NoHandshake)
        {
            if (IsSocket) await Client.SayFrameAsync(Handshake, cutAt: Handshake.Length / 2);
            return;
        }

        await SayRecordAsync(Handshake);

        // A first poll is answered at once and only says that the connection stands.
        if (transport == "signalr polling") await Client.SayAsync(request);
    }

    /// <summary>A record of SignalR's: in a frame where there is a socket, else posted beside what is listened to.</summary>
    private async Task SayRecordAsync(string json)
    {
        if (IsSocket)
        {
            await Client.SayFrameAsync(json + RecordSeparator);
            return;
        }

        using var answer = await http.PostAsync(Path(_query), new StringContent(json + RecordSeparator));
        if (answer.StatusCode != HttpStatusCode.OK) throw new IOException($"A record was answered {(int)answer.StatusCode}.");
    }

    private async Task<string> NegotiateAsync(string query)
    {
        using var answer = await http.PostAsync($"/hubs/taps/negotiate{query}&negotiateVersion=1", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["connectionToken"]!;
    }

    private string Path(string query) => (IsSignalR ? "/hubs/taps" : transport == "sse" ? "/api/events/stream" : "/sockets/beers") + "?" + query.TrimStart('?');

    private string Request(string query) => $"GET {Path(query)} HTTP/1.1\r\nHost: localhost\r\n" + transport switch
    {
        "signalr sse" => "Accept: text/event-stream\r\n\r\n",
        "signalr polling" or "sse" => "\r\n",
        _ => "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + (transport == "beertap.v1" ? "Sec-WebSocket-Protocol: beertap.v1\r\n\r\n" : "\r\n"),
    };
}
