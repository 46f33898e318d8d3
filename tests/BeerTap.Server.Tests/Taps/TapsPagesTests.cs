using System.Net.Http.Json;
using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Taps;

/// <summary>The list of taps, a page at a time.</summary>
public sealed class TapsPagesTests
{
    [Fact]
    public async Task EveryTapIsOnOnePageWhetherItPouredOrOnlyConnected()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var poured = await hub.Http.PostAsJsonAsync("/api/beers/batch", new { beers = Enumerable.Range(1, 10).Select(i => new { tapId = i * 10, volume = 500 }) });
        var registry = hub.Services.GetRequiredService<TapRegistry>();
        int[] connected = [5, 10, 11, 55, int.MaxValue];
        Array.ForEach(connected, registry.Connected);
        var expected = Enumerable.Range(1, 10).Select(i => i * 10).Union(connected).Order().ToList();

        foreach (var pageSize in new[] { 1, 3, 7, expected.Count, 1_000 })
        {
            var read = new List<int>();
            string? path = $"/api/taps?page_size={pageSize}";
            while (path is not null)
            {
                using var answer = await hub.Http.GetAsync(path);
                var page = await answer.JsonAsync();
                var ids = page["taps"]!.AsArray().Select(tap => (int)tap!["id"]!).ToList();
                Assert.InRange(ids.Count, 1, pageSize);
                Assert.Equal(pageSize, (int)page["pageSize"]!);
                read.AddRange(ids);
                Assert.InRange(read.Count, 1, expected.Count);
                path = answer.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
                Assert.Equal(path is null ? null : ids[^1], (int?)page["next"]);
            }

            Assert.Equal(expected, read);
        }
    }

    [Fact]
    public async Task APageWithoutASizeHoldsAThousandTaps()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var batch = 0; batch < 3; batch++)
        {
            using var poured = await hub.Http.PostAsJsonAsync("/api/beers/batch", new { beers = Enumerable.Range(batch * 400, 400).Select(i => new { tapId = i + 1, volume = 500 }) });
        }

        var first = await hub.GetAsync("/api/taps");
        Assert.Equal((1_000, 1_000), (first["taps"]!.AsArray().Count, (int)first["next"]!));
        var second = await hub.GetAsync("/api/taps?after_id=1000");
        Assert.Equal(Enumerable.Range(1_001, 200), second["taps"]!.AsArray().Select(tap => (int)tap!["id"]!));
        Assert.Null(second["next"]);
    }

    [Theory]
    [InlineData("page_size=0", "page_size")]
    [InlineData("page_size=1001", "page_size")]
    [InlineData("after_id=-1", "after_id")]
    [InlineData("after_id=2147483648", "after_id")]
    [InlineData("after_id=1&after_id=2", "after_id")]
    public async Task ABadFieldIsNamed(string query, string field)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var answer = await hub.Http.GetAsync($"/api/taps?{query}");
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal([field], (await answer.JsonAsync())["errors"]!.AsObject().Select(error => error.Key));
    }

    [Fact]
    public async Task KeysComeInPagesInTheOrderInWhichTheyWereMade()
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add((await hub.KeyAsync(Server.Security.Role.Viewer)).Id);
        }

        using var whole = await hub.SendAsync("GET", "/api/keys", master);
        var all = (await whole.JsonAsync())["keys"]!.AsArray().Select(key => (string)key!["id"]!).ToList();
        Assert.Equal(ids, all[1..]);
        Assert.False(whole.Headers.Contains("Link"));

        var read = new List<string>();
        for (var page = 1; page <= 4; page++)
        {
            using var answer = await hub.SendAsync("GET", $"/api/keys?page={page}&page_size=2", master);
            var json = await answer.JsonAsync();
            read.AddRange(json["keys"]!.AsArray().Select(key => (string)key!["id"]!));
            Assert.Equal((page, 2, 5), ((int)json["page"]!, (int)json["pageSize"]!, (int)json["total"]!));
            Assert.Equal(page < 3, answer.Headers.TryGetValues("Link", out var link) && link.Single() == $"</api/keys?page={page + 1}&page_size=2>; rel=\"next\"");
        }

        Assert.Equal(all, read);
        Assert.Equal(400, await hub.StatusAsync("GET", "/api/keys?page_size=501", master));
    }
}
