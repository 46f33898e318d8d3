using System.Net;
using System.Text;
using BeerTap.Processes;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>Clients that send without end over every kind of connection, and read nothing: the hub keeps next to nothing of it.</summary>
[Collection(Alone.Name)]
public sealed class FloodTests
{
    private const long Most = 8 * 1024 * 1024;

    /// <summary>All of them together send 192 MB of each kind.</summary>
    private const int Clients = 24;

    private const long Growth = 64 * 1024 * 1024;

    private const string Upgrade = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    /// <summary>A hub that does not read is taken for one that does not after this time.</summary>
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(1);

    private static readonly byte[] Zeros = new byte[64 * 1024];

    // Frames of a client, masked with zeros.
    private static readonly byte[] Text = [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, 0, 0, 0, 0, .. new byte[0xfff0]];
    private static readonly byte[] Fragment = [0x00, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xf0, 0, 0, 0, 0, .. new byte[0xfff0]];
    private static readonly byte[] Pings = [.. Enumerable.Repeat<byte[]>([0x89, 0xfd, 0, 0, 0, 0, .. new byte[125]], 500).SelectMany(frame => frame)];
    private static readonly byte[] Requests = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000)));
    private static readonly byte[] Chunks = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat($"400\r\n{new string(' ', 1024)}\r\n", 64)));
    private static readonly byte[] Invocations = Encoding.ASCII.GetBytes("{\"type\":1,\"invocationId\":\"1\",\"target\":\"none\",\"arguments\":[]}\u001e");

    [Fact]
    public async Task WhatClientsSendWithoutEndIsNotKept()
    {
        await using var hub = new HubProcess("--Limits:NegotiationsPerAddress=100000", "--Limits:Negotiations=100000");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        (string Kind, Func<Task<string>> Head, byte[] First, byte[] Again)[] floods =
        [
            ("a stream", () => Said("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"), [], Zeros),
            ("a stream over HTTP/1.0", () => Said("GET /api/events/stream HTTP/1.0\r\nHost: localhost\r\n\r\n"), [], Zeros),
            ("a stream with a body", () => Said("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"), [], Zeros),
            ("a stream with chunks", () => Said("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"), [], Chunks),
            ("a socket", () => Said($"GET /sockets/beers HTTP/1.1\r\n{Upgrade}\r\n"), [], Text),
            ("a socket with fragments", () => Said($"GET /sockets/beers HTTP/1.1\r\n{Upgrade}\r\n"), [0x01, 0x80, 0, 0, 0, 0], Fragment),
            ("a socket with pings", () => Said($"GET /sockets/beers HTTP/1.1\r\n{Upgrade}\r\n"), [], Pings),
            ("a socket of beertap.v1", () => Said($"GET /sockets/beers HTTP/1.1\r\n{Upgrade}Sec-WebSocket-Protocol: beertap.v1\r\n\r\n"), [], Text),
            ("a SignalR socket before its handshake", () => Said($"GET /hubs/taps HTTP/1.1\r\n{Upgrade}\r\n"), [0x01, 0x80, 0, 0, 0, 0], Fragment),
            ("a SignalR socket with pings", () => Said($"GET /hubs/taps HTTP/1.1\r\n{Upgrade}\r\n"), Frame("{\"protocol\":\"json\",\"version\":1}\u001e"), Pings),
            ("a SignalR socket with invocations", () => Said($"GET /hubs/taps HTTP/1.1\r\n{Upgrade}\r\n"), Frame("{\"protocol\":\"json\",\"version\":1}\u001e"), [.. Enumerable.Repeat(Frame(Encoding.ASCII.GetString(Invocations)), 500).SelectMany(frame => frame)]),
            ("a SignalR stream", async () => $"GET {await NegotiatedAsync(http)} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n", [], Zeros),
            ("a SignalR poll", async () => $"GET {await PolledAsync(http)} HTTP/1.1\r\nHost: localhost\r\n\r\n", [], Zeros),
            ("what SignalR is sent", async () => $"POST {await PolledAsync(http)} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", [], Chunks),
            ("a negotiation", () => Said("POST /hubs/taps/negotiate HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"), [], Chunks),
            ("a pour", () => Said("POST /api/beers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"), [], Chunks),
            ("a read with a body", () => Said("GET /api/beers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"), [], Chunks),
            ("a deletion with a body", () => Said("DELETE /api/beers/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"), [], Chunks),
            ("requests one behind the other", () => Said("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"), [], Requests),
            ("a head without end", () => Said("GET /api/beers HTTP/1.1\r\nHost: localhost\r\nX: "), [], Encoding.ASCII.GetBytes(new string('x', 4096))),
        ];

        var kept = new List<string>();
        foreach (var (kind, head, first, again) in floods)
        {
            var before = hub.ResidentBytes;
            var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => FloodAsync(hub.Address, head, first, again)));
            var growth = hub.ResidentBytes - before;
            if (growth > Growth) kept.Add($"{kind}: {growth >> 20} MB");
            foreach (var client in clients) client.Reset();
        }

        Assert.Empty(kept);
        using var answer = await http.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Connects, waits until the hub has answered something where the kind of connection begins with an answer, and sends.</summary>
    private static async Task<RawClient> FloodAsync(Uri hub, Func<Task<string>> head, byte[] first, byte[] again)
    {
        var client = await RawClient.ConnectAsync(hub, IPAddress.Loopback, small: true);
        await client.SayAsync(await head());
        if (first.Length > 0) await client.SayAsync(first);
        await client.FloodAsync(again, Most, Stuck);
        return client;
    }

    private static Task<string> Said(string text) => Task.FromResult(text);

    private static byte[] Frame(string text) => [0x81, (byte)(0x80 | text.Length), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];

    private static async Task<string> NegotiatedAsync(HttpClient http)
    {
        using var answer = await http.PostAsync("/hubs/taps/negotiate?negotiateVersion=1", null);
        return $"/hubs/taps?id={(string?)System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["connectionToken"]}";
    }

    private static async Task<string> PolledAsync(HttpClient http)
    {
        var address = await NegotiatedAsync(http);
        using var first = await http.GetAsync(address);
        return address;
    }
}
