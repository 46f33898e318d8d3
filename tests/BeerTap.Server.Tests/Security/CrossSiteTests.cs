using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Security;

/// <summary>What a foreign page makes a browser send without asking: images, links, forms, and scripts that do not read the answer.</summary>
public sealed class CrossSiteTests
{
    private const string Ours = "https://bar.example", Theirs = "https://evil.example", Refused = "origin-not-allowed";

    private static readonly (string Method, string Path)[] ListensOrWrites =
    [
        ("GET", "/api/events/stream?tapId=66"), ("GET", "/sockets/beers?tapId=66"), ("GET", "/hubs/taps?tapId=66"), ("GET", "/hubs/taps?id=polled"),
        ("POST", "/hubs/taps/negotiate?negotiateVersion=1&tapId=66"), ("POST", "/hubs/taps?id=polled"), ("DELETE", "/hubs/taps?id=polled"), ("POST", "/api/beers"),
        ("POST", "/api/beers/batch"), ("DELETE", "/api/beers/1"), ("GET", "/api/keys"), ("POST", "/api/keys"), ("DELETE", "/api/keys/one"), ("POST", "/api/drain"),
    ];

    public static TheoryData<string, string?, bool> Senders => new()
    {
        // What Sec-Fetch-Site says, the Origin, and whether it is refused.
        { "cross-site", null, true },
        { "same-site", null, true },
        { "Cross-Site", null, true },
        { "same-origin, cross-site", null, true },
        { "cross-site", Theirs, true },
        { "", Theirs, true },
        { "", "null", true },
        { "same-origin", Theirs, true },
        { "same-site", "own", true },
        { "cross-site", Ours, false },
        { "", Ours, false },
        { "same-origin", "own", false },
        { "same-origin", null, false },
        { "none", null, false },
        { "", null, false },
    };

    [Theory, MemberData(nameof(Senders))]
    public async Task ForeignPagesNeitherListenNorWrite(string site, string? origin, bool isRefused)
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Origins={Ours}");
        var own = hub.Address.GetLeftPart(UriPartial.Authority);
        foreach (var (method, path) in ListensOrWrites)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (site.Length > 0)
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin == "own" ? own : origin);
            }

            if (method == "POST")
            {
                request.Content = new StringContent("""{"tapId":1,"volume":500}""");
            }

            using var answer = await hub.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            var wasRefused = (int)answer.StatusCode == 403 && await answer.ProblemAsync() == Refused;
            Assert.True(wasRefused == isRefused, $"{method} {path}: {(int)answer.StatusCode}");
        }

        await hub.UntilConnectionsAsync(0);
    }

    [Theory]
    [InlineData("GET", "/api/events/stream?tapId=66")]
    [InlineData("GET", "/api/keys")]
    [InlineData("POST", "/api/beers")]
    [InlineData("DELETE", "/api/beers/1")]
    public async Task TwoOriginsAreRefused(string method, string path)
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Origins={Ours}");
        foreach (var second in new[] { Ours, Theirs, "" })
        {
            var answer = await HostNameTests.RawAsync(
                hub, $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {Ours}\r\nOrigin: {second}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
            Assert.Contains(Refused, answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ThePageOfAHubWithAUnicodeNameIsItsOwn()
    {
        await using var hub = await HubUnderTest.StartAsync("--Security:Hosts=xn--br-via.example");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/hubs/taps/negotiate?negotiateVersion=1");
        request.Headers.Host = "xn--br-via.example";
        request.Headers.Add("Origin", "https://xn--br-via.example");
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/docs/index.html")]
    [InlineData("/api/beers")]
    [InlineData("/health/live")]
    public async Task ALinkOnAForeignPageMayLeadToThePageAndToWhatIsRead(string path)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        request.Headers.Add("Sec-Fetch-Mode", "navigate");
        request.Headers.Add("Sec-Fetch-Dest", "document");
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal(200, (int)answer.StatusCode);
    }
}
