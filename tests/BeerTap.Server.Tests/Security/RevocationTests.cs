using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

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
