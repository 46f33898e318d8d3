using System.Net;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Security;

/// <summary>Who may do what, on every call.</summary>
public sealed class AccessTests
{
    private const string Pour = """{"tapId":1,"volume":500}""", Batch = """{"beers":[{"tapId":1,"volume":500}]}""", NewKey = """{"role":"viewer"}""";

    // What each call is answered to: nobody while reading is public, nobody while it needs a key, a tap, a viewer, an operator.
    private static readonly (string Method, string Path, string? Body, int Public, int Nobody, int Tap, int Viewer, int Operator)[] Calls =
    [
        ("POST", "/api/beers", Pour, 401, 401, 201, 403, 201),
        ("POST", "/api/beers/batch", Batch, 401, 401, 200, 403, 200),
        ("GET", "/api/beers", null, 200, 401, 403, 200, 200),
        ("GET", "/api/beers/1", null, 200, 401, 403, 200, 200),
        ("DELETE", "/api/beers/99", null, 401, 401, 403, 403, 404),
        ("GET", "/api/taps", null, 200, 401, 403, 200, 200),
        ("GET", "/api/taps/1", null, 200, 401, 403, 200, 200),
        ("GET", "/api/reports/share", null, 200, 401, 403, 200, 200),
        ("GET", "/api/events", null, 200, 401, 200, 200, 200),
        ("GET", "/api/events/stream", null, 200, 401, 200, 200, 200),
        ("GET", "/api/events/stream?tapId=1", null, 401, 401, 200, 403, 200),
        ("GET", "/api/events/stream?tapId=2", null, 401, 401, 403, 403, 200),
        ("GET", "/sockets/beers", null, 426, 401, 426, 426, 426),
        ("POST", "/hubs/taps/negotiate?negotiateVersion=1", "", 200, 401, 200, 200, 200),
        ("POST", "/hubs/taps/negotiate?negotiateVersion=1&tapId=2", "", 401, 401, 403, 403, 200),
        ("POST", "/api/keys", NewKey, 401, 401, 403, 403, 201),
        ("GET", "/api/keys", null, 401, 401, 403, 403, 200),
        ("DELETE", "/api/keys/nobodys", null, 401, 401, 403, 403, 404),
        ("POST", "/api/drain", """{"to":"bar2"}""", 401, 401, 403, 403, 400),
        ("GET", "/health/ready", null, 200, 200, 200, 200, 200),
        ("GET", "/openapi/v1.json", null, 200, 200, 200, 200, 200),
        ("GET", "/", null, 200, 200, 200, 200, 200),
    ];

    public static TheoryData<string> Callers => ["public", "nobody", "tap", "viewer", "operator", "revoked", "unknown"];

    [Theory, MemberData(nameof(Callers))]
    public async Task EachRoleMayDoWhatIsItsOwnAndNothingElse(string caller)
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Reading={(caller == "public" ? "public" : "keys")}");
        var master = (await hub.KeyAsync(Role.Operator)).Text;
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", master, Pour));
        var key = caller switch
        {
            "public" or "nobody" => null,
            "revoked" => await RevokedKeyAsync(hub),
            "unknown" => KeyText.New(),
            _ => (await hub.KeyAsync(Roles.Parse(caller)!.Value)).Text,
        };

        foreach (var call in Calls)
        {
            using var answer = await hub.SendAsync(call.Method, call.Path, key, call.Body);
            var expected = caller switch
            {
                "public" => call.Public,
                "tap" => call.Tap,
                "viewer" => call.Viewer,
                "operator" => call.Operator,
                _ => call.Nobody,
            };
            Assert.True(expected == (int)answer.StatusCode, $"{call.Method} {call.Path}: {(int)answer.StatusCode} instead of {expected}");
            if (expected == 403) Assert.Equal("not-allowed", await answer.ProblemAsync());
            if (expected != 401) continue;
            Assert.Equal(key is null ? "no-key" : "bad-key", await answer.ProblemAsync());
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        }
    }

    [Fact]
    public async Task TheFirstKeyOfAnOpenHubIsGoodAtOnce()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var (_, text) = await new KeyFile(hub.Folder, TimeProvider.System).AddAsync(new KeyWish(Role.Operator, null, null), default);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/keys", text));
    }

    [Fact]
    public async Task ABadKeyIsRefusedAlsoWhereNoneIsNeeded()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.KeyAsync(Role.Operator);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers"));
        Assert.Equal(401, await hub.StatusAsync("GET", "/api/beers", KeyText.New()));
    }

    [Fact]
    public async Task ATapPoursForItselfAloneAndOnePourOfAnotherFailsAlone()
    {
        var (hub, _) = await Keyed.StartAsync();
        await using var _ = hub;
        var (_, tap) = await hub.KeyAsync(Role.Tap, 7);

        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", tap, """{"tapId":7,"volume":500}"""));
        using (var other = await hub.SendAsync("POST", "/api/beers", tap, """{"tapId":8,"volume":500}""")) Assert.Equal("not-allowed", await other.ProblemAsync());

        using var answer = await hub.SendAsync("POST", "/api/beers/batch", tap, """{"beers":[{"tapId":7,"volume":500},{"tapId":8,"volume":500},{"tapId":7,"volume":5}]}""");
        var results = (await answer.JsonAsync())["results"]!.AsArray();
        Assert.Equal([201, 403, 400], results.Select(result => (int)result!["status"]!));
        Assert.Equal("urn:beertap:problem:not-allowed", (string?)results[1]!["problem"]!["type"]);
    }

    [Theory]
    [InlineData("POST", "/api/beers", Pour)]
    [InlineData("DELETE", "/api/beers/1", null)]
    public async Task AHubOnLoopbackWithoutKeysIsOpenToThisMachineUntilThereIsAKey(string method, string path, string? body)
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync();
        Assert.InRange(await hub.StatusAsync(method, path, body: body), 200, 204);

        // Keys are never managed by nobody: whoever is on this machine for a moment must not leave a key behind.
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/keys", body: NewKey));

        var (id, text) = await hub.KeyAsync(Role.Operator);
        Assert.Equal(401, await hub.StatusAsync(method, path, body: body));

        // Taking the last key back opens nothing.
        Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/keys/{id}", text));
        Assert.Equal(401, await hub.StatusAsync(method, path, body: body));
        await hub.RestartAsync();
        Assert.Equal(401, await hub.StatusAsync(method, path, body: body));
    }

    [Theory]
    [InlineData("localhost", 201)]
    [InlineData("LOCALHOST:8338", 201)]
    [InlineData("127.0.0.1:1", 201)]
    [InlineData("127.1.2.3", 201)]
    [InlineData("[::1]:8338", 201)]
    [InlineData("evil.example", 421)]
    [InlineData("127.0.0.1.evil.example:80", 421)]
    [InlineData("localhost.evil.example", 421)]
    [InlineData("192.168.0.1", 421)]
    public async Task AnOpenHubIsOpenUnderThisMachinesOwnNamesOnly(string host, int status)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = Pour.AsJson() };
        request.Headers.Host = host;
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task ReadingNeedsAKeyAsTheSettingSaysAlsoBeforeThereIsOne()
    {
        await using var hub = await HubUnderTest.StartAsync("--Security:Reading=keys");
        (string Method, string Path)[] reads =
        [
            ("GET", "/api/beers"), ("GET", "/api/beers/1"), ("GET", "/api/taps"), ("GET", "/api/reports/share"), ("GET", "/api/reports/totals"), ("GET", "/api/reports/minutes"),
            ("GET", "/api/events"), ("GET", "/api/events/stream"), ("GET", "/sockets/beers"), ("POST", "/hubs/taps/negotiate?negotiateVersion=1"),
        ];
        foreach (var (method, path) in reads)
        {
            using var answer = await hub.SendAsync(method, path);
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, answer.StatusCode));
            Assert.Equal("no-key", await answer.ProblemAsync());
        }

        // Pouring goes by Security:Open, which is another setting.
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", body: Pour));
        var (_, viewer) = await hub.KeyAsync(Role.Viewer);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", viewer));
    }

    [Fact]
    public async Task EveryEndpointSaysWhoMayCallIt()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var open = hub.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .OfType<RouteEndpoint>()
            .Where(endpoint => !endpoint.Metadata.OfType<Needs>().Any())
            .Select(endpoint => endpoint.RoutePattern.RawText);
        Assert.Equal(["/health/live", "/health/ready", "/openapi/v1.json"], open.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("X-Api-Key", "KEY", 200)]
    [InlineData("Authorization", "Bearer KEY", 200)]
    [InlineData("Authorization", "bearer KEY", 200)]
    [InlineData("Authorization", "Basic KEY", 401)]
    [InlineData("Authorization", "KEY", 401)]
    [InlineData("X-Api-Key", "KEYx", 401)]
    [InlineData("X-Api-Key", "key", 401)]
    public async Task AKeyIsTakenFromItsHeadersOnly(string header, string value, int status)
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/beers");
        request.Headers.TryAddWithoutValidation(header, value.Replace("KEY", key, StringComparison.Ordinal));
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/beers", 401)]
    [InlineData("GET", "/api/events", 401)]
    [InlineData("POST", "/api/beers", 401)]
    [InlineData("GET", "/api/events/stream", 200)]
    [InlineData("GET", "/sockets/beers", 426)]
    [InlineData("POST", "/hubs/taps/negotiate", 200)]
    public async Task AKeyInTheAddressIsTakenOnSocketsAndStreamsOnly(string method, string path, int status)
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        using var answer = await hub.SendAsync(method, $"{path}?access_token={key}", body: method == "POST" ? Pour : null);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 401) Assert.Equal("bad-key", await answer.ProblemAsync());
    }

    [Fact]
    public async Task TwoDifferentKeysAtOnceAreRefused()
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/beers");
        request.Headers.Add("X-Api-Key", key);
        request.Headers.Add("Authorization", "Bearer " + (await hub.KeyAsync(Role.Viewer)).Text);
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("bad-key", await answer.ProblemAsync());
    }

    private static async Task<string> RevokedKeyAsync(HubUnderTest hub)
    {
        var (id, text) = await hub.KeyAsync(Role.Operator);
        await hub.Keys().RevokeAsync(id, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, default);
        return text;
    }
}
