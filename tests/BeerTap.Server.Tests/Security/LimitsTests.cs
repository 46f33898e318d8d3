using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Security;

/// <summary>How much one caller may ask, and what it is answered when it asks more.</summary>
public sealed class LimitsTests
{
    [Fact]
    public async Task AKeyThatAsksTooOftenIsToldWhenToComeBackAndHindersNoOther()
    {
        var (hub, master) = await Keyed.StartAsync("--Limits:RequestsPerKey=5");
        await using var _ = hub;
        var (_, other) = await hub.KeyAsync(Role.Viewer);

        // Fifty requests, of which the bucket holds five and gets five more in each second that they take.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => hub.SendAsync("GET", "/api/beers", master)));
        Assert.InRange(answers.Count(answer => answer.StatusCode == HttpStatusCode.OK), 5, 45);
        var refused = answers.Where(answer => answer.StatusCode != HttpStatusCode.OK).ToList();
        foreach (var answer in refused)
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
            Assert.Equal("too-many-requests", await answer.ProblemAsync());
        }

        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", other));
        await Keyed.UntilAsync(async () => await hub.StatusAsync("GET", "/api/beers", master) == 200);
        foreach (var answer in answers) answer.Dispose();
    }

    [Fact]
    public async Task AnAddressThatAsksTooOftenIsRefusedButNeverWhenItAsksForHealth()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:RequestsPerAddress=5");
        var statuses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => hub.StatusAsync("GET", "/api/beers")));
        Assert.All(statuses, status => Assert.True(status is 200 or 429));
        Assert.Contains(429, statuses);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => hub.StatusAsync("GET", "/Health/ready"))), status => Assert.Equal(200, status));
    }

    [Theory]
    [InlineData("--Limits:Connections=2")]
    [InlineData("--Limits:ConnectionsPerAddress=2")]
    public async Task OneListenerTooManyIsAnsweredBeforeItIsOneUntilAnotherLeaves(string limit)
    {
        await using var hub = await HubUnderTest.StartAsync(limit);
        await using var first = await Listener.ConnectAsync("websocket", hub);
        var second = await Listener.ConnectAsync("signalr", hub);

        using (var refused = await hub.SendAsync("GET", "/api/events/stream"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            Assert.Equal("too-many-connections", await refused.ProblemAsync());
        }

        foreach (var path in new[] { "/sockets/beers", "/hubs/taps" })
        {
            using var socket = new TestSocket();
            await Assert.ThrowsAsync<WebSocketException>(() => socket.OpenAsync(hub.SocketAddress(path), default));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, socket.Socket.HttpStatusCode);
        }

        await hub.PourAsync();
        await second.DisposeAsync();
        await Keyed.UntilAsync(async () => await hub.StatusAsync("GET", "/api/events/stream") == 200);
        await first.HearContiguousAsync(1, 1);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("10.0.0.1", "::ffff:10.0.0.1", true)]
    [InlineData("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void AnAddressIsOneMachineOfIPv4AndOneNetworkOfIPv6(string one, string other, bool same) =>
        Assert.Equal(same, CallerAddress.Of(IPAddress.Parse(one)) == CallerAddress.Of(IPAddress.Parse(other)));

    [Theory]
    [InlineData(20, 0, "431")]
    [InlineData(1, 5000, "431")]
    public async Task TooManyOrTooLargeHeadersAreRefused(int count, int length, string status)
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:HeaderCount=15", "--Limits:HeaderBytes=4096");
        var headers = string.Concat(Enumerable.Range(0, count).Select(number => $"X-{number}: {new string('x', length)}\r\n"));
        Assert.Contains($"HTTP/1.1 {status}", await RawAsync(hub, $"GET /api/beers HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARequestThatNeverEndsItsHeadersIsCut()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:HeadersTimeout=00:00:01");
        Assert.Contains("HTTP/1.1 408", await RawAsync(hub, "GET /api/beers HTTP/1.1\r\nHost: h"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AConnectionThatAsksNothingIsClosed()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:KeepAliveTimeout=00:00:01");
        Assert.StartsWith("HTTP/1.1 200", await RawAsync(hub, "GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALimitThatIsNoneStopsTheStart()
    {
        var fault = await Assert.ThrowsAsync<SettingsException>(() => HubUnderTest.StartAsync("--Limits:RequestsPerKey=-1", "--Limits:HeadersTimeout=0", "--Limits:Nonsense=1"));
        Assert.Equal(3, fault.Faults.Count);
    }

    [Fact]
    public async Task AListenerOverLongPollingHasItsPlaceBetweenTwoPolls()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:Connections=2");
        var first = await PollingAsync(hub);
        await PollingAsync(hub);
        await hub.UntilConnectionsAsync(2);
        foreach (var (method, path) in new[] { ("POST", "/hubs/taps/negotiate?negotiateVersion=1"), ("GET", "/api/events/stream") })
        {
            using var refused = await hub.SendAsync(method, path);
            Assert.Equal("too-many-connections", await refused.ProblemAsync());
        }

        // One that is connected can poll all the same.
        await hub.PourAsync();
        using (var poll = await hub.Http.GetAsync(first)) Assert.Equal(HttpStatusCode.OK, poll.StatusCode);
        using (await hub.Http.DeleteAsync(first))
        {
        }

        await Keyed.UntilAsync(async () => await hub.StatusAsync("GET", "/api/events/stream") == 200);
    }

    [Theory]
    [InlineData("--Limits:Negotiations=3")]
    [InlineData("--Limits:NegotiationsPerAddress=3")]
    public async Task NegotiatedConnectionsThatAreNotOpenedAreLimited(string limit)
    {
        await using var hub = await HubUnderTest.StartAsync(limit);
        var tokens = new List<string>();
        for (var i = 0; i < 3; i++) tokens.Add(await NegotiateAsync(hub));
        using (var refused = await hub.SendAsync("POST", "/hubs/taps/negotiate?negotiateVersion=1"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal("too-many-connections", await refused.ProblemAsync());
        }

        // One that was negotiated finds its place.
        using (var poll = await hub.Http.GetAsync($"/hubs/taps?id={tokens[0]}")) Assert.Equal(HttpStatusCode.OK, poll.StatusCode);
        await NegotiateAsync(hub);
    }

    [Fact]
    public async Task AFullHubClosesNewConnectionsAndGoesOnWithThoseItHas()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:OpenConnections=3");
        using var first = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        using var second = await RawClient.ConnectAsync(hub.Address, IPAddress.Parse("127.0.0.2"));
        var third = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await UntilOpenAsync(hub, 3);
        using (var fourth = await RawClient.TryConnectAsync(hub.Address, IPAddress.Loopback))
        {
            if (fourth is not null) await fourth.UntilCutAsync();
        }

        await first.SayAsync("GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Contains("HTTP/1.1 200", await first.HearAsync("\"connections\":{\"status\":\"degraded\",\"reason\":\"3 connections from 2 addresses are open, at most 3"), StringComparison.Ordinal);
        await second.SayAsync("GET /api/beers HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await second.HearAsync("HTTP/1.1 200");

        third.Dispose();
        await UntilOpenAsync(hub, 2);
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", body: """{"tapId":1,"volume":500}"""));
    }

    [Fact]
    public async Task ConnectionsOfOneAddressThatSendNothingAreLimitedToo()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:OpenConnectionsPerAddress=2");
        using var first = await RawClient.ConnectAsync(hub.Address, IPAddress.Parse("127.0.0.2"));
        using var second = await RawClient.ConnectAsync(hub.Address, IPAddress.Parse("127.0.0.2"));
        await UntilOpenAsync(hub, 2);
        using (var third = await RawClient.TryConnectAsync(hub.Address, IPAddress.Parse("127.0.0.2")))
        {
            if (third is not null) await third.UntilCutAsync();
        }

        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers"));
    }

    [Theory]
    [InlineData("POST /api/beers HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1a\r\n{\"tapId\":1,\"volume\":500.0}\r\n0\r\n\r\n")]
    [InlineData("GET /api/beers HTTP/1.1\nHost: localhost\n\n")]
    [InlineData("GET /api/beers HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n")]
    public async Task ARequestThatProxiesReadDifferentlyIsRefusedAndItsConnectionEnds(string request)
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.StartsWith("HTTP/1.1 400", await RawAsync(hub, request), StringComparison.Ordinal);
    }

    private static async Task UntilOpenAsync(HubUnderTest hub, int count)
    {
        var gate = hub.Services.GetRequiredService<ConnectionGate>();
        await Keyed.UntilAsync(() => Task.FromResult(gate.Count.Connections == count));
    }

    /// <summary>Negotiates a SignalR connection; gives its token.</summary>
    private static async Task<string> NegotiateAsync(HubUnderTest hub)
    {
        using var answer = await hub.SendAsync("POST", "/hubs/taps/negotiate?negotiateVersion=1");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (string)(await answer.JsonAsync())["connectionToken"]!;
    }

    /// <summary>A listener over long polling that has its handshake behind it and no poll under way; gives the address that it polls.</summary>
    private static async Task<string> PollingAsync(HubUnderTest hub)
    {
        var address = $"/hubs/taps?id={await NegotiateAsync(hub)}";
        using (await hub.Http.GetAsync(address))
        {
        }

        using var handshake = new StringContent("{\"protocol\":\"json\",\"version\":1}\u001e");
        using (var sent = await hub.Http.PostAsync(address, handshake)) Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        using var poll = await hub.Http.GetAsync(address);
        Assert.StartsWith("{}", await poll.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        return address;
    }

    /// <summary>Sends bytes and gives all that is answered until the hub closes.</summary>
    private static async Task<string> RawAsync(HubUnderTest hub, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await reader.ReadToEndAsync(patience.Token);
    }
}
