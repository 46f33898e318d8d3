using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Beers;

public sealed class BeersApiTests
{
    [Fact]
    public async Task APouredBeerIsAnsweredWithItsAddressAndCanBeRead()
    {
        await using var hub = await HubUnderTest.StartAsync();

        using var answer = await hub.Http.PostAsync("/api/beers", """{"tapId":1,"volume":330.123456789}""".AsJson());
        var beer = (await answer.JsonAsync())["beer"]!;

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal($"/api/beers/{beer["id"]}", answer.Headers.Location!.ToString());
        Assert.Equal(["id", "type", "volume", "timestamp", "tapId"], beer.AsObject().Select(field => field.Key));
        Assert.Equal("pint", (string?)beer["type"]);
        Assert.Equal(330.123456789, (double)beer["volume"]!);
        Assert.EndsWith("Z", (string?)beer["timestamp"], StringComparison.Ordinal);
        Assert.Equal(beer.ToJsonString(), (await hub.GetAsync("/api/beers/1"))["beer"]!.ToJsonString());
    }

    [Fact]
    public async Task TheDevicesOwnTimeIsKept()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var answer = await hub.Http.PostAsync("/api/beers", """{"tapId":1,"volume":330,"pouredAt":"2026-01-02T05:04:05.678+02:00"}""".AsJson());
        Assert.Equal("2026-01-02T03:04:05.678Z", (string?)(await answer.JsonAsync())["beer"]!["timestamp"]);
    }

    [Theory]
    [InlineData("pourId", false)]
    [InlineData("Idempotency-Key", true)]
    public async Task ThePourThatIsSentAgainIsTheSameBeerAlsoAfterARestart(string how, bool header)
    {
        await using var hub = await HubUnderTest.StartAsync();
        var first = await PostAsync(hub, how, header, 500);
        Assert.Equal(HttpStatusCode.Created, first.Status);

        await hub.RestartAsync();
        var again = await PostAsync(hub, how, header, 500);
        var other = await PostAsync(hub, how, header, 501);

        Assert.Equal(HttpStatusCode.OK, again.Status);
        Assert.True(again.Replayed);
        Assert.Equal(first.Body["beer"]!.ToJsonString(), again.Body["beer"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.Conflict, other.Status);
        Assert.Equal("urn:beertap:problem:pour-id-reused", (string?)other.Body["type"]);
        Assert.Equal(1, (long)(await hub.GetAsync("/api/beers"))["total"]!);
        Assert.Equal(1, Seq((await hub.GetAsync("/api/events"))["position"]!));
    }

    [Fact]
    public async Task ThirtyTwoRequestsThatRaceWithOnePourIdPourOneBeer()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var round = 0; round < 5; round++)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => PostAsync(hub, "pourId", header: false, 400, $"race-{round}")));
            Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created && !answer.Replayed);
            Assert.Equal(31, answers.Count(answer => answer.Status == HttpStatusCode.OK && answer.Replayed));
            Assert.Single(answers.Select(answer => (long)answer.Body["beer"]!["id"]!).Distinct());
        }

        Assert.Equal(5, (long)(await hub.GetAsync("/api/beers"))["total"]!);
    }

    [Fact]
    public async Task AReplayOfADeletedBeerPoursNothing()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var beer = await hub.PourAsync(pourId: "once");
        using var deleted = await hub.Http.DeleteAsync("/api/beers/1");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        var again = await hub.PourAsync(pourId: "once");
        Assert.Equal(beer.ToJsonString(), again.ToJsonString());
        Assert.Equal(0, (long)(await hub.GetAsync("/api/beers"))["total"]!);
    }

    [Fact]
    public async Task InABatchEachPourIsAnsweredInOrderAndABadOneFailsAlone()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync(tapId: 2, volume: 500, pourId: "known");

        using var answer = await hub.Http.PostAsync("/api/beers/batch", """
            {"beers":[{"tapId":2,"volume":300,"pourId":"a"},{"tapId":2,"volume":5},{"tapId":2,"volume":500,"pourId":"known"},
                      {"tapId":2,"volume":301,"pourId":"known"},{"tapId":2,"volume":300,"pourId":"a"},7,{"tapId":2,"volume":1000}]}
            """.AsJson());
        var results = (await answer.JsonAsync())["results"]!.AsArray();

        Assert.Equal([201, 400, 200, 409, 200, 400, 201], results.Select(result => (int)result!["status"]!));
        Assert.Equal((long)results[0]!["beer"]!["id"]!, (long)results[4]!["beer"]!["id"]!);
        Assert.NotNull(results[1]!["problem"]!["errors"]!["volume"]);
        Assert.Equal("stein", (string?)results[6]!["beer"]!["type"]);
        Assert.Equal(3, (long)(await hub.GetAsync("/api/beers"))["total"]!);
    }

    [Fact]
    public async Task TheLinkWalksToTheEndAndMissesNothing()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 23; i++) await hub.PourAsync(tapId: 1 + (i % 2), volume: 200 + (i % 3 * 400));
        foreach (var (query, expected) in new[] { ("", 23), ("&tapId=1", 12), ("&type=pint", 8), ("&to=2100-01-01T00:00:00Z&page_size=23", 23), ("&tapId=2&type=half&order=desc", 4), ("&order=desc", 23) })
        {
            var ids = new List<long>();
            var path = query.Contains("page_size", StringComparison.Ordinal) ? $"/api/beers?{query[1..]}" : $"/api/beers?page_size=5{query}";
            var pages = 0;
            while (path is not null)
            {
                using var answer = await hub.Http.GetAsync(path);
                var page = await answer.JsonAsync();
                Assert.Equal(++pages, (int)page["page"]!);
                Assert.Equal(expected, (int)page["total"]!);
                Assert.NotEmpty(page["beers"]!.AsArray());
                ids.AddRange(page["beers"]!.AsArray().Select(beer => (long)beer!["id"]!));
                path = answer.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
            }

            Assert.Equal(expected, ids.Distinct().Count());
            Assert.Equal(expected, ids.Count);
            Assert.Equal(query.Contains("desc", StringComparison.Ordinal) ? ids.OrderDescending() : ids.Order(), ids);
        }
    }

    [Fact]
    public async Task PagesByNumberMeetWithoutOverlapAndAreEmptyPastTheEnd()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 7; i++) await hub.PourAsync();

        var pages = new List<long>();
        for (var page = 1; page <= 4; page++)
            pages.AddRange((await hub.GetAsync($"/api/beers?page={page}&page_size=3"))["beers"]!.AsArray().Select(beer => (long)beer!["id"]!));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], pages);
        Assert.Empty((await hub.GetAsync("/api/beers?page=2147483647&page_size=500"))["beers"]!.AsArray());
    }

    [Fact]
    public async Task ATimeIsFilteredFromIncludedToNotIncluded()
    {
        await using var hub = await HubUnderTest.StartAsync();
        foreach (var at in new[] { "2026-03-01T09:59:59.999Z", "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z", "2026-03-01T13:00:00Z", "2026-03-01T13:00:00.001Z" })
        {
            using var answer = await hub.Http.PostAsync("/api/beers", $$"""{"tapId":1,"volume":330,"pouredAt":"{{at}}"}""".AsJson());
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }

        var page = await hub.GetAsync("/api/beers?from=2026-03-01T10:00:00Z&to=2026-03-01T14:00:00%2B01:00");
        Assert.Equal([2, 3], page["beers"]!.AsArray().Select(beer => (long)beer!["id"]!));
        Assert.Equal(2, (long)page["total"]!);
        Assert.Equal(4, (long)(await hub.GetAsync("/api/beers?from=2026-03-01T10:00:00Z"))["total"]!);
        Assert.Equal(1, (long)(await hub.GetAsync("/api/beers?to=2026-03-01T10:00:00Z"))["total"]!);
    }

    [Fact]
    public async Task IdsPositionsAndTotalsSurviveARestart()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 6; i++) await hub.PourAsync(tapId: 1 + (i % 2), volume: 100.1 + i);
        using (await hub.Http.DeleteAsync("/api/beers/2"))
        {
        }

        var before = await Everything(hub);
        await hub.RestartAsync();
        Assert.Equal(before, await Everything(hub));
        Assert.Equal(8, (long)(await hub.PourAsync())["id"]!);

        static async Task<string> Everything(HubUnderTest hub)
        {
            var parts = new[] { "/api/beers", "/api/reports/share", "/api/events?after=earliest", "/api/taps" };
            return string.Join('\n', await Task.WhenAll(parts.Select(path => hub.Http.GetStringAsync(path))));
        }
    }

    [Fact]
    public async Task ADeletedBeerIsGoneOnce()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync();
        using var deleted = await hub.Http.DeleteAsync("/api/beers/1");
        using var again = await hub.Http.DeleteAsync("/api/beers/1");
        using var read = await hub.Http.GetAsync("/api/beers/1");
        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.NotFound, HttpStatusCode.NotFound], [deleted.StatusCode, again.StatusCode, read.StatusCode]);
        Assert.Equal(2, Seq((await hub.GetAsync("/api/events"))["position"]!));
    }

    private static long Seq(JsonNode position) => long.Parse(((string)position!).Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<(HttpStatusCode Status, bool Replayed, JsonObject Body)> PostAsync(
        HubUnderTest hub, string how, bool header, double volume, string pourId = "pour-1")
    {
        var pour = new JsonObject { ["tapId"] = 9, ["volume"] = volume };
        if (!header) pour[how] = pourId;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/beers") { Content = pour.ToJsonString().AsJson() };
        if (header) request.Headers.Add(how, $"\"{pourId}\"");
        using var answer = await hub.Http.SendAsync(request);
        var replayed = answer.Headers.TryGetValues("Idempotency-Replayed", out var values) && values.Single() == "true";
        return (answer.StatusCode, replayed, await answer.JsonAsync());
    }
}
