using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Security;

/// <summary>What a caller is told that it may do is what it may do.</summary>
public sealed class MeApiTests
{
    [Theory]
    [InlineData("public", null, "read listen")]
    [InlineData("public", "tap", "read listen pour")]
    [InlineData("public", "viewer", "read listen")]
    [InlineData("public", "operator", "read listen pour delete manageKeys")]
    [InlineData("keys", null, "")]
    [InlineData("keys", "tap", "listen pour")]
    [InlineData("keys", "viewer", "read listen")]
    [InlineData("keys", "operator", "read listen pour delete manageKeys")]
    public async Task EachRoleIsToldItsRightsAndTheyHold(string reading, string? role, string may)
    {
        await using var hub = await HubUnderTest.StartAsync($"--Security:Reading={reading}");
        await hub.KeyAsync(Role.Operator);
        var key = role is null ? default : await hub.KeyAsync(Roles.Parse(role)!.Value);

        using var answer = await hub.SendAsync("GET", "/api/me", key.Text);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        var me = await answer.JsonAsync();
        Assert.Equal((key.Id, role, role == "tap" ? 1 : null), ((string?)me["keyId"], (string?)me["role"], (int?)me["tapId"]));
        var told = me["may"]!.AsArray().Select(right => (string)right!).ToList();
        Assert.Equal(may.Split(' ', StringSplitOptions.RemoveEmptyEntries), told);

        foreach (var (right, method, path, body) in new[]
        {
            ("read", "GET", "/api/beers", null), ("listen", "GET", "/api/events", null), ("pour", "POST", "/api/beers", """{"tapId":1,"volume":500}"""),
            ("delete", "DELETE", "/api/beers/99", null), ("manageKeys", "GET", "/api/keys", null),
        })
        {
            Assert.Equal((right, told.Contains(right)), (right, await hub.StatusAsync(method, path, key.Text, body) is not (401 or 403)));
        }
    }

    [Fact]
    public async Task OnAnOpenHubWhoeverIsOnThisMachineMayPourAndDeleteUntilThereIsAKey()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Equal("""{"may":["read","listen","pour","delete"]}""", (await hub.GetAsync("/api/me")).ToJsonString());
        await hub.KeyAsync(Role.Operator);
        Assert.Equal("""{"may":["read","listen"]}""", (await hub.GetAsync("/api/me")).ToJsonString());
    }

    [Fact]
    public async Task AnOpenHubSaysNothingUnderAForeignName()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        request.Headers.Host = "evil.example";
        using var answer = await hub.Http.SendAsync(request);
        Assert.Equal("host-not-allowed", await answer.ProblemAsync());
    }
}
