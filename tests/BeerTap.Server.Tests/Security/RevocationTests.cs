using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Security;

/// <summary>A key that is taken back is out within a second, also where it is already in.</summary>
public sealed class RevocationTests
{
    public static TheoryData<string> Transports => [.. Listener.JsonTransports];

    [Theory, MemberData(nameof(Transports))]
    public Task TheOpenConnectionsOfARevokedKeyAreClosedWithinASecond(string transport) => Keyed.WithinASecondAsync(async () =>
    {
        var (hub, _) = await Keyed.StartAsync();
        await using var _ = hub;
        var (id, key) = await hub.KeyAsync(Role.Viewer);
        var (_, other) = await hub.KeyAsync(Role.Viewer);
        await using var listener = await Listener.ConnectAsync(transport, hub, key: key);
        await using var neighbour = await Listener.ConnectAsync(transport, hub, key: other);

        var began = Stopwatch.GetTimestamp();
        await CommandAsync(hub, "revoke", id);
        var last = Assert.Single(await listener.UntilClosedAsync());
        var took = Stopwatch.GetElapsedTime(began);

        Assert.Equal(("closing", "notAllowed"), ((string?)last["event"], (string?)last["reason"]));
        Assert.Null(last["retryAfterMs"]);
        if (listener is SocketListener socket) Assert.Equal((WebSocketCloseStatus)4004, socket.CloseStatus);
        await hub.UntilConnectionsAsync(1);
        Assert.Equal(401, await hub.StatusAsync("GET", "/api/beers", key));
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", other));
        return took;
    });

    [Fact]
    public Task OneThatTakesNothingIsCutAllTheSame() => Keyed.WithinASecondAsync(async () =>
    {
        var (hub, master) = await Keyed.StartAsync("--Live:RingEvents=256");
        await using var _ = hub;
        var (id, key) = await hub.KeyAsync(Role.Viewer);
        using var stuck = new TcpClient { ReceiveBufferSize = 4096 };
        await stuck.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await stuck.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\n\r\n"));
        await hub.UntilConnectionsAsync(1);
        var pours = string.Join(',', Enumerable.Repeat("""{"tapId":1,"volume":200.5}""", 500));
        for (var i = 0; i < 60; i++) Assert.Equal(200, await hub.StatusAsync("POST", "/api/beers/batch", master, $$"""{"beers":[{{pours}}]}"""));

        var began = Stopwatch.GetTimestamp();
        Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/keys/{id}", master));
        await hub.UntilConnectionsAsync(0);
        return Stopwatch.GetElapsedTime(began);
    });

    [Theory]
    [InlineData("websocket")]
    [InlineData("sse")]
    [InlineData("long polling")]
    public Task AConnectionInItsHandshakeEndsWithItsKeyAndIsNotGreeted(string transport) => Keyed.WithinASecondAsync(async () =>
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        var (id, key) = await hub.KeyAsync(Role.Viewer);
        using var http = new HttpClient { BaseAddress = hub.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        var ended = await OpenAsync(transport, hub, http, key);
        await Keyed.UntilAsync(() => Task.FromResult(hub.Services.GetRequiredService<KeyedListeners>().Count == 1));

        var began = Stopwatch.GetTimestamp();
        Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/keys/{id}", master));
        Assert.DoesNotContain("welcome", await ended.WaitAsync(Listener.Patience), StringComparison.Ordinal);
        var took = Stopwatch.GetElapsedTime(began);
        await Keyed.UntilAsync(() => Task.FromResult(hub.Services.GetRequiredService<ListenerLimits>().Count == (0, 0)));
        return took;
    });

    [Fact]
    public async Task AConnectionWhoseKeyIsRevokedBeforeItJoinsIsNotServed()
    {
        var (hub, _) = await Keyed.StartAsync();
        await using var _ = hub;
        var (id, _) = await hub.KeyAsync(Role.Viewer);
        var key = hub.Keys().All.Single(one => one.Id == id);
        await hub.Keys().RevokeAsync(id, NullLogger.Instance, default);
        var late = new LateSubscriber(key);
        await hub.Services.GetRequiredService<Feed>().ServeAsync(late, _ => throw new InvalidOperationException("It was served."));
        Assert.Equal(CloseReason.NotAllowed, late.Reason);
        Assert.Equal(0, hub.Services.GetRequiredService<KeyedListeners>().Count);
    }

    /// <summary>Opens a SignalR connection and does not begin its handshake; the task gives what was heard when it has ended.</summary>
    private static async Task<Task<string>> OpenAsync(string transport, HubUnderTest hub, HttpClient http, string key)
    {
        if (transport == "websocket")
        {
            var socket = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
            await socket.SayAsync($"GET /hubs/taps HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            await socket.HearAsync("HTTP/1.1 101 ");
            return socket.HearToTheEndAsync();
        }

        using var negotiated = await http.PostAsync("/hubs/taps/negotiate?negotiateVersion=1", null);
        var address = $"/hubs/taps?id={(string?)(await negotiated.JsonAsync())["connectionToken"]}";
        if (transport == "sse")
        {
            var stream = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
            await stream.SayAsync($"GET {address} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {key}\r\nAccept: text/event-stream\r\n\r\n");
            await stream.HearAsync("\r\n\r\n");
            return stream.HearToTheEndAsync();
        }

        using (await http.GetAsync(address))
        {
        }

        return http.GetStringAsync(address);
    }

    private sealed class LateSubscriber(ApiKey key) : Subscriber(FrameFormat.Json, new FeedRequest(null, default, key), "memory", SocketProgress.Of(new DefaultHttpContext()))
    {
        public CloseReason? Reason { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames) => throw new InvalidOperationException("It was greeted.");

        public override Task CloseAsync(CloseReason reason)
        {
            Reason = reason;
            return Task.CompletedTask;
        }

        public override void Abort()
        {
        }
    }

    [Fact]
    public Task AKeyOfTheCommandLineWorksInTheRunningHubWithinASecond() => Keyed.WithinASecondAsync(async () =>
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", body: """{"tapId":1,"volume":500}"""));

        var key = await CommandAsync(hub, "add", "--role", "tap", "--tap", "1");
        var began = Stopwatch.GetTimestamp();
        await Keyed.UntilAsync(async () => await hub.StatusAsync("POST", "/api/beers", body: """{"tapId":1,"volume":500}""") == 401);
        var took = Stopwatch.GetElapsedTime(began);
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", key, """{"tapId":1,"volume":500}"""));
        return took;
    });

    [Fact]
    public async Task WhereKeysAreAskedForOneOfTheCommandLineWorksOnceTheCommandHasEnded()
    {
        var (hub, _) = await Keyed.StartAsync();
        await using var _ = hub;
        for (var i = 0; i < 20; i++) Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", await CommandAsync(hub, "add", "--role", "viewer")));
    }

    private static async Task<string> CommandAsync(HubUnderTest hub, params string[] words)
    {
        using var answer = new StringWriter();
        using var said = new StringWriter();
        var code = await KeysCommand.RunAsync([.. words, $"--Storage:Path={hub.Folder}"], answer, said);
        Assert.True(code == 0, said.ToString());
        return answer.ToString().Trim();
    }
}
