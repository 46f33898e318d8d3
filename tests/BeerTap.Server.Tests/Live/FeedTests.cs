using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>What holds for the feed on every transport.</summary>
public sealed class FeedTests
{
    public static TheoryData<string> Transports => [.. Listener.JsonTransports];

    [Theory, MemberData(nameof(Transports))]
    public async Task AListenerHearsAWelcomeAndThenEachChange(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await using var listener = await Listener.ConnectAsync(transport, hub);

        var beer = await hub.PourAsync(tapId: 3, volume: 330.5);
        using (await hub.Http.DeleteAsync("/api/beers/1"))
        {
        }

        var poured = await listener.NextAsync("beerPoured");
        var deleted = await listener.NextAsync("beerDeleted");
        var epoch = (string?)listener.Welcome["epoch"];
        Assert.Equal($"{epoch}-0", (string?)listener.Welcome["position"]);
        Assert.Equal($"{epoch}-1", (string?)poured["position"]);
        Assert.Equal(beer.ToJsonString(), poured["beer"]!.ToJsonString());
        Assert.Equal($"{epoch}-2", (string?)deleted["position"]);
        Assert.Equal(1, (long?)deleted["id"]);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task AListenerThatWasAwayHearsWhatItMissedAlsoAcrossARestart(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync();
        string position;
        await using (var before = await Listener.ConnectAsync(transport, hub))
        {
            for (var i = 0; i < 3; i++) await hub.PourAsync();
            await before.HearContiguousAsync(1, 3);
            position = before.Position;
        }

        for (var i = 0; i < 4; i++) await hub.PourAsync();
        await hub.RestartAsync();
        await hub.PourAsync();

        await using var after = await Listener.ConnectAsync(transport, hub, position);
        await hub.PourAsync();
        Assert.Equal(position, (string?)after.Welcome["position"]);
        await after.HearContiguousAsync(4, 9);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task EarliestHearsTheWholeLogThoughItIsLongerThanTheRing(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:RingEvents=64", "--Live:PageEvents=50");
        var pours = string.Join(',', Enumerable.Repeat("""{"tapId":1,"volume":200}""", 500));
        for (var i = 0; i < 4; i++)
        {
            using var answer = await hub.Http.PostAsync("/api/beers/batch", $$"""{"beers":[{{pours}}]}""".AsJson());
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        await using var listener = await Listener.ConnectAsync(transport, hub, "earliest");
        await hub.PourAsync();
        await listener.HearContiguousAsync(1, 2001);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task APositionOfAnotherEpochOrFromTheFutureIsAnsweredByReload(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync();
        var epoch = ((string)(await hub.GetAsync("/api/events"))["position"]!).Split('-')[0];

        foreach (var stale in new[] { "otherlog-1", $"{epoch}-2" })
        {
            await using var listener = await Listener.ConnectAsync(transport, hub, stale);
            var reload = await listener.NextAsync("reload");
            Assert.Equal($"{epoch}-1", (string?)reload["position"]);
            Assert.Equal($"{epoch}-1", (string?)listener.Welcome["position"]);
        }

        await using var live = await Listener.ConnectAsync(transport, hub, "otherlog-1");
        await live.NextAsync("reload");
        await hub.PourAsync();
        Assert.Equal($"{epoch}-2", (string?)(await live.NextAsync("beerPoured"))["position"]);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task AStoppingHubSaysGoodbyeAndWhenToComeBack(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:DrainSpread=00:00:03");
        await using var listener = await Listener.ConnectAsync(transport, hub);

        await hub.StopAsync();

        var closing = Assert.Single(await listener.UntilClosedAsync());
        Assert.Equal("closing", (string?)closing["event"]);
        Assert.Equal("draining", (string?)closing["reason"]);
        Assert.InRange((int)closing["retryAfterMs"]!, 0, 3000);
    }

    [Theory]
    [InlineData("/hubs/taps?after=nonsense", "after")]
    [InlineData("/hubs/taps?tapId=-1", "tapId")]
    [InlineData("/HUBS/Taps?after=nonsense", "after")]
    [InlineData("/hubs/taps/negotiate?negotiateVersion=1&tapId=1.5", "tapId")]
    [InlineData("/sockets/beers?after=a-b-c", "after")]
    [InlineData("/sockets/beers?tapId=0", "tapId")]
    [InlineData("/sockets/beers?tapId=1&tapId=2", "tapId")]
    [InlineData("/api/events/stream?after=k3-99999999999999999999", "after")]
    [InlineData("/api/events/stream?after=-1", "after")]
    [InlineData("/api/events?after=%00-1", "after")]
    [InlineData("/api/events?limit=0", "limit")]
    [InlineData("/api/events?limit=1001", "limit")]
    public async Task AnAddressWithABadFieldIsRefusedByName(string path, string field)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var answer = path.Contains("negotiate", StringComparison.Ordinal)
            ? await hub.Http.PostAsync(path, null)
            : await hub.Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull((await answer.JsonAsync())["errors"]![field]);
    }

    [Fact]
    public async Task ASubProtocolNobodySpeaksIsRefused()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var socket = new TestSocket();
        await Assert.ThrowsAsync<WebSocketException>(() => socket.OpenAsync(hub.SocketAddress("/sockets/beers"), default, "mqtt"));
        Assert.Equal(HttpStatusCode.BadRequest, socket.Socket.HttpStatusCode);
    }

    [Fact]
    public async Task ASocketThatSpeaksBeforeItIsWelcomedIsClosedAllTheSame()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await using var wire = client.GetStream();
        var upgrade = Encoding.ASCII.GetBytes(
            "GET /sockets/beers HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: beertap.v1\r\n\r\n");

        // In one piece: the hub has the message when it begins to listen.
        await wire.WriteAsync((byte[])[.. upgrade, 0x81, 0x82, 0, 0, 0, 0, (byte)'h', (byte)'i']);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var (heard, buffer) = ("", new byte[4096]);
        while (!heard.Contains("protocolError", StringComparison.Ordinal))
        {
            var received = await wire.ReadAsync(buffer, patience.Token);
            Assert.NotEqual(0, received);
            heard += Encoding.Latin1.GetString(buffer, 0, received);
        }

        Assert.Contains("welcome", heard, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASocketThatSpeaksIsClosedWithAProtocolError()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await using var listener = (SocketListener)await Listener.ConnectAsync("websocket", hub);

        await listener.SendAsync("hello?");

        var closing = Assert.Single(await listener.UntilClosedAsync());
        Assert.Equal("protocolError", (string?)closing["reason"]);
        Assert.Null(closing["retryAfterMs"]);
        Assert.Equal((WebSocketCloseStatus)4005, listener.CloseStatus);
    }

    [Fact]
    public async Task ThePageOfTheLogEndsWhereTheNextBegins()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 5; i++) await hub.PourAsync();

        var first = await hub.GetAsync("/api/events?after=earliest&limit=3");
        var second = await hub.GetAsync($"/api/events?after={first["position"]}&limit=3");
        var third = await hub.GetAsync($"/api/events?after={second["position"]}");

        Assert.Equal([1, 2, 3], first["events"]!.AsArray().Select(heard => Listener.SeqOf(heard!.AsObject())));
        Assert.Equal([4, 5], second["events"]!.AsArray().Select(heard => Listener.SeqOf(heard!.AsObject())));
        Assert.Empty(third["events"]!.AsArray());
        Assert.Equal((string?)second["position"], (string?)third["position"]);

        var stale = await hub.GetAsync("/api/events?after=otherlog-1");
        Assert.Equal("reload", (string?)Assert.Single(stale["events"]!.AsArray())!["event"]);
    }

    [Fact]
    public async Task AnEventSourceThatComesBackIsServedFromItsLastEventId()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 3; i++) await hub.PourAsync();
        var epoch = ((string)(await hub.GetAsync("/api/events"))["position"]!).Split('-')[0];

        await using var listener = await Listener.ConnectAsync("sse", hub.Address, "earliest", lastEventId: $"{epoch}-2");
        await listener.HearContiguousAsync(3, 3);
    }
}
