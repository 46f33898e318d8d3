using System.Net;
using System.Net.WebSockets;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Security;

/// <summary>What web pages of other origins may do with the hub, and what a browser is told about its answers.</summary>
public sealed class BrowserTests
{
    private const string Ours = "https://bar.example", Theirs = "https://evil.example";

    [Fact]
    public async Task PagesOfOtherOriginsHearNothingUnlessTheyAreConfigured()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using (var answer = await FromAsync(hub, "GET", "/api/beers", Theirs)) Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.Ordinal));
        using (var preflight = await PreflightAsync(hub, Ours)) Assert.DoesNotContain(preflight.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PagesOfConfiguredOriginsMayCallWithAKey()
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Origins={Ours}, http://localhost:3000");
        await hub.KeyAsync(Role.Operator);
        foreach (var origin in new[] { Ours, "http://localhost:3000" })
        {
            using var preflight = await PreflightAsync(hub, origin);
            Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
            Assert.Equal(origin, preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
            Assert.Equal("x-api-key,content-type", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single());

            // Also what is refused is readable: the page is to show why.
            using var refused = await FromAsync(hub, "DELETE", "/api/beers/1", origin);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal(origin, refused.Headers.GetValues("Access-Control-Allow-Origin").Single());
        }

        using var stranger = await PreflightAsync(hub, Theirs);
        Assert.False(stranger.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/sockets/beers")]
    [InlineData("/hubs/taps")]
    public async Task SocketsAreForOurOwnPageConfiguredOnesAndWhatIsNoPage(string path)
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Origins={Ours}");
        foreach (var (origin, opens) in new[] { (null, true), (hub.Address.GetLeftPart(UriPartial.Authority), true), (Ours, true), (Theirs, false), ("null", false), ("http://127.0.0.1", false), (Ours + ".evil.example", false) })
        {
            using var socket = new TestSocket();
            if (origin is not null) socket.Socket.Options.SetRequestHeader("Origin", origin);
            var open = socket.OpenAsync(hub.SocketAddress(path), default);
            if (opens) await open;
            else await Assert.ThrowsAsync<WebSocketException>(() => open);
            Assert.Equal(opens ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.Forbidden, socket.Socket.HttpStatusCode);
        }

        using var negotiate = await FromAsync(hub, "POST", "/hubs/taps/negotiate?negotiateVersion=1", Theirs);
        Assert.Equal("origin-not-allowed", await negotiate.ProblemAsync());
        using var stream = await FromAsync(hub, "GET", "/api/events/stream", Theirs);
        Assert.Equal("origin-not-allowed", await stream.ProblemAsync());
    }

    [Theory]
    [InlineData("/", 200)]
    [InlineData("/index.html", 200)]
    [InlineData("/page/page.js", 200)]
    [InlineData("/docs/index.html", 200)]
    [InlineData("/api/beers", 200)]
    [InlineData("/api/beers/7", 404)]
    [InlineData("/api/beers?page=x", 400)]
    [InlineData("/api/keys", 401)]
    [InlineData("/nowhere", 404)]
    [InlineData("/health/live", 200)]
    public async Task EveryAnswerTellsABrowserToRunAndFrameNothing(string path, int status)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var answer = await hub.SendAsync("GET", path);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        if (!path.StartsWith("/docs", StringComparison.Ordinal)) Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ThePageMayCallItsOwnHubAndConfiguredOriginsAlone()
    {
        Assert.Contains("; connect-src 'self';", await PolicyOfPageAsync(), StringComparison.Ordinal);
        Assert.Contains(
            "; connect-src 'self' https://bar.example wss://bar.example http://localhost:3000 ws://localhost:3000;",
            await PolicyOfPageAsync($"--Security:Origins={Ours},http://localhost:3000"),
            StringComparison.Ordinal);

        static async Task<string> PolicyOfPageAsync(params string[] settings)
        {
            await using var hub = await HubUnderTest.StartAsync(settings);
            using var answer = await hub.SendAsync("GET", "/");
            return answer.Headers.GetValues("Content-Security-Policy").Single();
        }
    }

    [Fact]
    public async Task WhatACallerSendsIsNotPutIntoAnAnswerAsMarkup()
    {
        await using var hub = await HubUnderTest.StartAsync();
        const string evil = "<script>alert(1)</script>";
        var escaped = Uri.EscapeDataString(evil);
        foreach (var (method, path, body) in new[]
        {
            ("GET", $"/{escaped}", null), ("GET", $"/api/beers/{escaped}", null), ("GET", $"/api/beers?type={escaped}&page={escaped}&{escaped}=1", null),
            ("GET", $"/api/events?after={escaped}", null), ("GET", $"/docs/{escaped}", null), ("GET", $"/openapi/{escaped}.json", null),
            ("POST", "/api/beers", $$"""{"tapId":1,"volume":500,"pourId":"{{evil}}"}"""), ("POST", "/api/beers", $$"""{"tapId":1,"volume":600,"pourId":"{{evil}}"}"""),
            ("POST", "/api/beers", evil), ("GET", $"/sockets/beers?after={escaped}", null),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            request.Headers.TryAddWithoutValidation("X-Request-ID", evil);
            if (body is not null) request.Content = body.AsJson();
            using var answer = await hub.Http.SendAsync(request);
            var said = await answer.Content.ReadAsStringAsync() + answer.Headers;
            Assert.True(!said.Contains("<script>alert", StringComparison.Ordinal), $"{method} {path}: {said}");
        }

        await hub.PourAsync();
        using var page = await hub.Http.GetAsync("/api/beers?page_size=1&access_token=secret&x=%0d%0aSet-Cookie:a");
        Assert.DoesNotContain("secret", page.Headers.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Set-Cookie", page.Headers.ToString(), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> FromAsync(HubUnderTest hub, string method, string path, string origin)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("Origin", origin);
        return await hub.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<HttpResponseMessage> PreflightAsync(HubUnderTest hub, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/beers");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "x-api-key,content-type");
        return await hub.Http.SendAsync(request);
    }
}
