using System.Net;
using System.Net.Http.Json;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Security;

namespace BeerTap.Server.Tests.Taps;

/// <summary><c>Limits:Taps</c>: new taps are refused beyond it, and those that have poured go on.</summary>
public sealed class TapLimitTests
{
    [Fact]
    public async Task ANewTapBeyondTheLimitIsRefusedAndTheOthersGoOn()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:Taps=2");
        var first = await hub.PourAsync(tapId: 1, pourId: "a");
        await hub.PourAsync(tapId: 2);
        await ExpectRefusalAsync(hub, 3);
        await hub.PourAsync(tapId: 2);
        Assert.Equal(first.ToJsonString(), (await hub.PourAsync(tapId: 1, pourId: "a")).ToJsonString());

        // A tap stays one when its beers are deleted, and after a restart.
        Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/beers/{first["id"]}"));
        await hub.RestartAsync();
        await ExpectRefusalAsync(hub, 3);
        await hub.PourAsync(tapId: 1);
    }

    [Fact]
    public async Task EachPourOfABatchIsAdmittedOnItsOwn()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:Taps=2");
        var taps = new[] { 5, 6, 7, 5, 8, 6 };
        using var answer = await hub.Http.PostAsJsonAsync("/api/beers/batch", new { beers = taps.Select(tapId => new { tapId, volume = 500 }) });
        var results = (await answer.JsonAsync())["results"]!.AsArray();
        Assert.Equal([201, 201, 507, 201, 507, 201], results.Select(result => (int)result!["status"]!));
        Assert.Equal("urn:beertap:problem:too-many-taps", (string?)results[2]!["problem"]!["type"]);
        Assert.Equal(4, (int)(await hub.GetAsync("/api/beers"))["total"]!);
    }

    [Fact]
    public async Task OfManyNewTapsAtOnceExactlyAsManyAreAdmittedAsTheLimitAllows()
    {
        const int Limit = 10, Taps = 40;
        await using var hub = await HubUnderTest.StartAsync($"--Limits:Taps={Limit}");
        var statuses = await Task.WhenAll(Enumerable.Range(1, Taps).SelectMany(tap => new[] { tap, tap })
            .Select(tap => hub.StatusAsync("POST", "/api/beers", body: $$"""{"tapId":{{tap}},"volume":500}""")));
        Assert.Equal([201, 507], statuses.Distinct().Order());
        Assert.InRange((await hub.GetAsync("/api/taps"))["taps"]!.AsArray().Count, Limit - 2, Limit);

        // What was refused or stored holds no place: one by one the rest is filled to the last.
        foreach (var tap in Enumerable.Range(Taps + 1, Limit))
        {
            await hub.StatusAsync("POST", "/api/beers", body: $$"""{"tapId":{{tap}},"volume":500}""");
        }

        Assert.Equal(Limit, (await hub.GetAsync("/api/taps"))["taps"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("/api/events/stream?tapId=")]
    [InlineData("/hubs/taps?tapId=")]
    [InlineData("/sockets/beers?tapId=")]
    public async Task AListenerMayNotStandForANewTapBeyondTheLimit(string path)
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:Taps=1");
        await hub.PourAsync(tapId: 1);
        using var refused = await hub.SendAsync("GET", path + 2);
        Assert.Equal(507, (int)refused.StatusCode);
        Assert.Equal("too-many-taps", await refused.ProblemAsync());
        await using var known = await Listener.ConnectAsync("sse", hub, tapId: 1);
        await using var screen = await Listener.ConnectAsync("websocket", hub);
        Assert.True((bool)(await hub.GetAsync("/api/taps/1"))["tap"]!["connected"]!);
    }

    [Fact]
    public async Task NoLimitIsZero()
    {
        await using var hub = await HubUnderTest.StartAsync("--Limits:Taps=0");
        for (var tap = 1; tap <= 3; tap++)
        {
            await hub.PourAsync(tapId: tap);
        }

        Assert.Equal(3, (await hub.GetAsync("/api/taps"))["taps"]!.AsArray().Count);
    }

    private static async Task ExpectRefusalAsync(HubUnderTest hub, int tapId)
    {
        using var answer = await hub.Http.PostAsJsonAsync("/api/beers", new { tapId, volume = 500, pourId = "new" });
        Assert.Equal(HttpStatusCode.InsufficientStorage, answer.StatusCode);
        Assert.Equal("too-many-taps", await answer.ProblemAsync());
        Assert.DoesNotContain(tapId, (await hub.GetAsync("/api/taps"))["taps"]!.AsArray().Select(tap => (int)tap!["id"]!));
    }
}
