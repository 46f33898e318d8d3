using System.Net;
using System.Net.Sockets;
using System.Text;
using BeerTap.Server.Live;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>HEAD: what a GET would answer, without the body.</summary>
public sealed class HeadTests
{
    [Theory]
    [InlineData("/", 200)]
    [InlineData("/page/page.js", 200)]
    [InlineData("/api/beers?page_size=1", 200)]
    [InlineData("/api/beers/1", 200)]
    [InlineData("/api/beers/7", 404)]
    [InlineData("/api/beers?page=x", 400)]
    [InlineData("/api/beers/batch", 404)]
    [InlineData("/api/taps", 200)]
    [InlineData("/api/reports/share", 200)]
    [InlineData("/api/events?after=earliest", 200)]
    [InlineData("/api/keys", 401)]
    [InlineData("/api/me", 200)]
    [InlineData("/health/ready", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/docs/index.html", 200)]
    [InlineData("/nowhere", 404)]
    public async Task IsAnsweredAsGetWithoutABody(string path, int status)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync();
        await hub.PourAsync();
        using var get = await hub.SendAsync("GET", path);
        using var head = await hub.SendAsync("HEAD", path);
        Assert.Equal((status, status), ((int)get.StatusCode, (int)head.StatusCode));
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Equal(get.Headers.Select(header => header.Key).Except(["Transfer-Encoding"]).Order(), head.Headers.Select(header => header.Key).Order());

        // On the wire: what comes behind the headers is the next answer.
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        var answers = (await new StreamReader(client.GetStream(), Encoding.ASCII).ReadToEndAsync()).Split("\r\n\r\n");
        Assert.Equal(3, answers.Length);
        Assert.All(answers[..2], answer => Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal));
        Assert.Equal("", answers[2]);
    }

    [Theory]
    [InlineData("/api/events/stream")]
    [InlineData("/sockets/beers")]
    [InlineData("/hubs/taps")]
    public async Task OpensNoStream(string path)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var head = await hub.SendAsync("HEAD", path);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, head.StatusCode);
        Assert.Equal(["GET"], head.Content.Headers.Allow);
        Assert.Equal(0, hub.Services.GetRequiredService<Feed>().Subscribers);
    }

    [Fact]
    public async Task StandsInNoDescription()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.DoesNotContain("\"head\"", (await hub.GetAsync("/openapi/v1.json")).ToJsonString(), StringComparison.Ordinal);
    }
}
