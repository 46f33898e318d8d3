using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Security;

/// <summary>Under which host names a hub answers: a web page that makes its own name mean this machine is refused (DNS rebinding).</summary>
public sealed class HostNameTests
{
    private static readonly (string Method, string Path)[] Everything =
    [
        ("GET", "/"), ("GET", "/page/page.js"), ("GET", "/docs/index.html"), ("GET", "/openapi/v1.json"), ("GET", "/api/beers"), ("GET", "/api/me"), ("POST", "/api/beers"),
        ("DELETE", "/api/beers/1"), ("GET", "/api/taps"), ("GET", "/api/events/stream?tapId=66"), ("GET", "/sockets/beers"), ("POST", "/hubs/taps/negotiate?negotiateVersion=1"),
        ("POST", "/api/keys"), ("POST", "/api/drain"), ("OPTIONS", "/api/beers"), ("GET", "/nowhere"),
    ];

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8338")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example:80")]
    [InlineData("evillocalhost")]
    [InlineData("192.168.0.1:8338")]
    [InlineData("0.0.0.0:8338")]
    [InlineData("[fe80::1]:8338")]
    [InlineData("localhost..")]
    [InlineData("")]
    public async Task AHubOfThisMachineAloneRefusesForeignNamesOnEverythingButHealth(string host)
    {
        await using var hub = await HubUnderTest.StartAsync();
        foreach (var (method, path) in Everything)
        {
            var answer = await RawAsync(hub, $"{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            Assert.True(answer.StartsWith("HTTP/1.1 421 ", StringComparison.Ordinal), $"{method} {path}: {answer}");
            Assert.Contains("urn:beertap:problem:host-not-allowed", answer, StringComparison.Ordinal);
        }

        foreach (var path in new[] { "/health/live", "/health/ready" })
        {
            Assert.StartsWith("HTTP/1.1 200 ", await RawAsync(hub, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost:8338")]
    [InlineData("localhost.")]
    [InlineData("localhost.:8338")]
    [InlineData("bar.localhost:8338")]
    [InlineData("127.0.0.1:1")]
    [InlineData("127.1.2.3")]
    [InlineData("[::1]:8338")]
    [InlineData("[::ffff:127.0.0.1]:8338")]
    [InlineData("[::ffff:127.9.8.7]")]
    public async Task AHubOfThisMachineAloneAnswersToThisMachinesNames(string host)
    {
        await using var hub = await HubUnderTest.StartAsync();
        foreach (var path in new[] { "/", "/api/beers", "/docs/index.html" })
        {
            Assert.StartsWith("HTTP/1.1 200 ", await RawAsync(hub, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET /api/beers HTTP/1.0\r\n\r\n", 421)]
    [InlineData("GET /api/beers HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400)]
    [InlineData("GET http://evil.example/api/beers HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421)]
    [InlineData("GET http://evil.example/api/beers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400)]
    [InlineData("GET http://localhost/api/beers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200)]
    public async Task NoFormOfARequestGetsAroundTheName(string request, int status)
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync(hub, request), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/sockets/beers")]
    [InlineData("/hubs/taps")]
    public async Task AWebSocketUnderAForeignNameIsRefused(string path)
    {
        await using var hub = await HubUnderTest.StartAsync("--Security:Hosts=bar.example");
        foreach (var (host, status) in new[] { ("evil.example", HttpStatusCode.MisdirectedRequest), ("bar.example", HttpStatusCode.SwitchingProtocols) })
        {
            using var socket = new TestSocket();
            socket.Socket.Options.SetRequestHeader("Host", host);
            socket.Socket.Options.SetRequestHeader("Origin", $"http://{host}");
            var open = socket.OpenAsync(hub.SocketAddress(path), default);
            if (status == HttpStatusCode.SwitchingProtocols)
            {
                await open;
            }
            else
            {
                await Assert.ThrowsAsync<WebSocketException>(() => open);
            }

            Assert.Equal(status, socket.Socket.HttpStatusCode);
        }
    }

    [Fact]
    public async Task NamesThatAreListedAreAnsweredWithThePortTheyAreListedWith()
    {
        await using var hub = await HubUnderTest.StartAsync("--Security:Hosts=Bar.example, door.example:8443,proxy.example:443,10.0.0.7,xn--br-via.example");
        foreach (var (host, status) in new[]
        {
            ("bar.example", 200), ("BAR.EXAMPLE:9000", 200), ("bar.example.", 200), ("door.example:8443", 200), ("door.example", 421), ("door.example:80", 421), ("proxy.example", 200),
            ("10.0.0.7:8338", 200), ("10.0.0.8", 421), ("xn--br-via.example", 200), ("a.bar.example", 421), ("evil.example", 421), ("localhost", 200),
        })
        {
            Assert.Equal((host, status), (host, await StatusAsync(hub, host)));
        }
    }

    [Fact]
    public async Task AHubThatOthersReachAnswersToAnyNameUnlessSomeAreListed()
    {
        var folder = Directory.CreateTempSubdirectory("beertap-keys-");
        try
        {
            var key = Path.Combine(folder.FullName, "key");
            await File.WriteAllTextAsync(key, "0123456789abcdef0123456789abcdef");
            string[] reachable = ["--urls=http://0.0.0.0:0", $"--Security:OperatorKeyFile={key}"];
            await using (var any = await HubUnderTest.StartAsync(reachable)) Assert.Equal(200, await StatusAsync(any, "any.example"));
            await using var some = await HubUnderTest.StartAsync([.. reachable, "--Security:Hosts=bar.example"]);
            foreach (var (host, status) in new[] { ("bar.example", 200), ("any.example", 421), ("localhost:8338", 200) })
            {
                Assert.Equal((host, status), (host, await StatusAsync(some, host)));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<int> StatusAsync(HubUnderTest hub, string host)
    {
        var answer = await RawAsync(hub, $"GET /api/beers HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        return int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Sends bytes as they are and gives all that is answered until the hub closes.</summary>
    internal static async Task<string> RawAsync(HubUnderTest hub, string request)
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port, patience.Token);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), patience.Token);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync(patience.Token);
    }
}
