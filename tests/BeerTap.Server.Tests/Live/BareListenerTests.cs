using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Server.Hosting;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Live;

/// <summary>Listeners that gave their request back: over HTTP/1.1 and without TLS, on WebSocket and SSE.</summary>
public sealed class BareListenerTests
{
    private const string Stream = "GET /api/events/stream?tapId=7 HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private const string Upgrade = "GET /sockets/beers?tapId=7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: beertap.v1\r\n\r\n";

    // Frames of a client, masked with zeros.
    private static readonly byte[] Ping = [0x89, 0x85, 0, 0, 0, 0, .. "probe"u8];
    private static readonly byte[] Hello = [0x81, 0x85, 0, 0, 0, 0, .. "hello"u8];

    [Fact]
    public async Task ThereIsNoRequestWhileTheyListen()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var gauges = new Gauges(hub);
        using var socket = await ComeAsync(hub, Upgrade);
        using var stream = await ComeAsync(hub, Stream);
        Assert.Equal(2, gauges["beertap.feed.cursors"]);
        Assert.Equal(2, gauges["kestrel.active_connections"]);
        Assert.Equal((2, 1), hub.Services.GetRequiredService<ListenerLimits>().Count);
        await UntilAsync(() => gauges["http.server.active_requests"] == 0);

        await hub.PourAsync();
        await socket.HearAsync("\"id\":1,");
        await stream.HearAsync("\"id\":1,");
    }

    [Fact]
    public async Task WhatComesWithTheUpgradeIsAnsweredBehindTheWelcome()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync([.. Upgrade.Select(letter => (byte)letter), .. Ping, .. Hello]);
        await client.HearAsync("HTTP/1.1 101 ");
        await client.HearAsync("probe");
        await hub.UntilConnectionsAsync(1);

        // The sub-protocol has no words for a client.
        await client.HearAsync("protocolError");
        await client.LeaveAsync();
        await hub.UntilConnectionsAsync(0);
    }

    [Fact]
    public async Task ASocketThatIsSpokenToBetweenEventsHearsBothInWholeFrames()
    {
        const int Pours = 100;
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await ComeAsync(hub, Upgrade);
        for (var i = 0; i < Pours; i++)
        {
            await client.SayAsync(Ping);
            await hub.PourAsync();
        }

        var heard = "";
        for (var i = 0; i < Pours; i++) heard += await client.HearAsync("probe");
        if (!heard.Contains($"\"id\":{Pours},", StringComparison.Ordinal)) heard += await client.HearAsync($"\"id\":{Pours},");
        for (var id = 1; id <= Pours; id++) Assert.Contains($"\"id\":{id},", heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AListenerThatSendsBytesOverAStreamIsDisconnected()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await ComeAsync(hub, Stream);
        await client.SayAsync("x");
        await client.UntilCutAsync();
        await hub.UntilConnectionsAsync(0);
    }

    [Fact]
    public async Task ARequestBehindAStreamEndsItAndIsNotAnswered()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync(Stream + "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n\0garbage\r\n\r\n");
        Assert.DoesNotContain("\"live\"", await client.HearToTheEndAsync(), StringComparison.Ordinal);
        await hub.UntilConnectionsAsync(0);
    }

    [Theory]
    [InlineData("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")]
    [InlineData("GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")]
    public async Task AStreamWhoseRequestHasABodyEndsWhenTheBodyComes(string request)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync(request);
        await client.HearAsync("\"event\":\"welcome\"");
        await client.SayAsync("xxxx");
        await client.UntilCutAsync();
        await hub.UntilConnectionsAsync(0);
    }

    [Fact]
    public async Task AStreamSaysThatItsConnectionEndsWithIt()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:DrainSpread=00:00:00");
        using var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync(Stream);
        var head = await client.HearAsync("\r\n\r\n");
        Assert.Contains("\r\nConnection: close\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nTransfer-Encoding: chunked\r\n", head, StringComparison.Ordinal);
        await hub.UntilConnectionsAsync(1);

        var stopping = Task.Run(hub.StopAsync);
        await client.HearAsync("draining");
        await client.HearAsync("\r\n0\r\n\r\n");
        await client.UntilCutAsync();
        await stopping;
    }

    [Fact]
    public async Task ADrainTellsThemAllAndEndsTheirConnections()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var socket = await ComeAsync(hub, Upgrade);
        using var stream = await ComeAsync(hub, Stream);
        var stopping = Task.Run(hub.StopAsync);
        await Task.WhenAll(socket.HearAsync("draining"), stream.HearAsync("draining"));

        // The socket's close frame: 4001, and the reason again.
        await socket.HearAsync("draining");
        await socket.SayFrameAsync("", opcode: 8);
        await Task.WhenAll(socket.UntilCutAsync(), stream.UntilCutAsync());
        await stopping.WaitAsync(Listener.Patience);
    }

    [Theory]
    [InlineData(Upgrade, "", 0)]
    [InlineData(Upgrade, "HTTP/1.1 101 ", 0)]
    [InlineData(Upgrade, "\"event\":\"welcome\"", 0)]
    [InlineData(Upgrade, "\"event\":\"welcome\"", 1)]
    [InlineData(Upgrade, "\"event\":\"welcome\"", 7)]
    [InlineData(Stream, "", 0)]
    [InlineData(Stream, "HTTP/1.1 200 ", 0)]
    [InlineData(Stream, "\"event\":\"welcome\"", 0)]
    public async Task OneThatIsCutOffAtAnyMomentLeavesNothing(string request, string heard, int saidOfAFrame)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var gauges = new Gauges(hub);
        using (var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback))
        {
            await client.SayAsync(request);
            if (heard.Length > 0) await client.HearAsync(heard);
            await client.SayFrameAsync("hello", cutAt: saidOfAFrame);
            client.Reset();
        }

        var limits = hub.Services.GetRequiredService<ListenerLimits>();
        await UntilAsync(() => !gauges.Remaining().Any() && limits.Count == (0, 0));
        await hub.UntilConnectionsAsync(0);
    }

    [Fact]
    public async Task AQuietSocketHasAHeartbeat()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:Ping=00:00:01");
        using var client = await ComeAsync(hub, Upgrade);

        // A pong of no length, as ASCII has it: 0x8a is no letter there.
        await client.HearAsync("?\0");
        await client.HearAsync("?\0");
    }

    [Fact]
    public async Task TheirLineInTheLogComesWhenTheyLeaveWithTheirRequestId()
    {
        var folder = Directory.CreateTempSubdirectory("beertap-test-");
        try
        {
            await using (var hub = await HubUnderTest.StartAsync("--Logging:Level=Information", "--Logging:Format=json", $"--Logging:File={Path.Combine(folder.FullName, "hub.json")}"))
            {
                using var client = await ComeAsync(hub, Upgrade.Replace("Host: localhost", "Host: localhost\r\nX-Request-ID: socket-1", StringComparison.Ordinal));
                await client.SayFrameAsync("", opcode: 8);
                await client.LeaveAsync();
            }

            var lines = (await File.ReadAllLinesAsync(folder.GetFiles().Single().FullName)).Select(line => JsonNode.Parse(line)!);
            var story = lines.Where(line => (string?)line["Properties"]?["RequestId"] == "socket-1").Select(line => (string)line["RenderedMessage"]!).ToList();
            Assert.Equal(3, story.Count);
            Assert.All(story[..2], line => Assert.Contains("Tap 7", line, StringComparison.Ordinal));
            Assert.StartsWith("\"GET\" \"/sockets/beers\" 101 in ", story[2], StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<RawClient> ComeAsync(HubUnderTest hub, string request)
    {
        var client = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await client.SayAsync(request);
        await client.HearAsync("\"event\":\"welcome\"");
        return client;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!isSo()) await poll.WaitForNextTickAsync(patience.Token);
    }
}
