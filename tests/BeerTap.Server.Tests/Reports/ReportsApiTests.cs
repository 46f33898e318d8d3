using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Reports;

public sealed class ReportsApiTests
{
    [Fact]
    public async Task TotalsAreOfEverythingOrOfATimeAndNameEachGlass()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        await PourAsync(hub, 1, 200, now.AddHours(-30));
        await PourAsync(hub, 1, 500.25, now.AddMinutes(-90));
        await PourAsync(hub, 2, 300.5, now.AddMinutes(-1));
        var gone = await PourAsync(hub, 2, 900, now);
        await hub.Http.DeleteAsync($"/api/beers/{gone}");

        for (var round = 0; round < 2; round++)
        {
            var ever = await hub.GetAsync("/api/reports/totals");
            Assert.Equal("5", ((string)ever["position"]!).Split('-')[1]);
            Assert.Null(ever["from"]);
            Assert.Equal((3, 1000.75), ((int)ever["beers"]!, (double)ever["totalVolume"]!));
            Assert.Equal(
                """[{"type":"half","beers":1,"totalVolume":200},{"type":"pint","beers":2,"totalVolume":800.75},{"type":"stein","beers":0,"totalVolume":0}]""",
                ever["types"]!.ToJsonString());

            // A time that is no whole hour counts out what the hourly totals leave over.
            var since = await hub.GetAsync($"/api/reports/totals?from={Time(now.AddMinutes(-91))}");
            Assert.Equal(ever["position"]!.ToString(), since["position"]!.ToString());
            Assert.Equal((2, 800.75), ((int)since["beers"]!, (double)since["totalVolume"]!));
            Assert.Equal(1, (int)(await hub.GetAsync($"/api/reports/totals?from={Time(now.AddMinutes(-89))}"))["beers"]!);
            await hub.RestartAsync();
        }
    }

    [Theory]
    [InlineData("from=yesterday")]
    [InlineData("from=2026-11-21T00:00:00")]
    [InlineData("from=2001-01-01T00:00:00Z")]
    [InlineData("from=2026-11-21T00:00:00Z&from=2026-11-21T00:00:00Z")]
    public async Task TotalsOfATimeThatIsNoneOrTooLongAgoAreRefusedByField(string query)
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var answer = await hub.Http.GetAsync($"/api/reports/totals?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotNull((await answer.JsonAsync())["errors"]!["from"]);
    }

    [Fact]
    public async Task MinutesCountWhatIsThereAndAreThereAgainAfterARestart()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        await PourAsync(hub, 1, 500, now.AddMinutes(-61));
        await PourAsync(hub, 1, 500, now.AddMinutes(-20));
        var gone = await PourAsync(hub, 1, 500, now.AddMinutes(-20));
        await PourAsync(hub, 1, 500, now.AddMinutes(-3));
        await PourAsync(hub, 1, 500, now.AddHours(3));
        await hub.Http.DeleteAsync($"/api/beers/{gone}");

        for (var round = 0; round < 2; round++)
        {
            var answer = await hub.GetAsync("/api/reports/minutes");
            var from = DateTime.Parse((string)answer["from"]!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            var beers = answer["minutes"]!.AsArray().Select(minute => (int)minute!).ToList();
            Assert.Equal("6", ((string)answer["position"]!).Split('-')[1]);
            Assert.Equal((MinuteTally.Minutes, 0, 0), (beers.Count, from.Second, from.Millisecond));
            Assert.Equal(2, beers.Sum());
            Assert.Equal((1, 1), (beers[IndexOf(now.AddMinutes(-20))], beers[IndexOf(now.AddMinutes(-3))]));
            await hub.RestartAsync();

            int IndexOf(DateTime at) => (int)((at - from).Ticks / TimeSpan.TicksPerMinute);
        }
    }

    [Fact]
    public void AStartReadsTheNewestPartOfTheLogAndSaysFromWhenItKnows()
    {
        var now = new DateTime(2026, 11, 21, 18, 30, 30, DateTimeKind.Utc);
        var store = new FakeStore { Head = 150_000 };
        var batch = new LogBatch(0);
        for (var i = 0; i < 150_000; i++) batch.Pour(new PourBeer(1, "pint", 500, now.AddSeconds(-(150_000 - i) / 50), null));
        store.Append(batch);
        using var repository = new BeerRepository(store, writer => new GroupCommitter(writer, new IntakeOptions()), new StorageOptions(), PlainMeters.Intake(), NullLogger<BeerRepository>.Instance);
        using var tally = new MinuteTally(repository, new StoppedClock(now), NullLogger<MinuteTally>.Instance);

        // 100,000 events are 33 minutes and 20 seconds: the minute in which they begin is not whole.
        var (seq, from, beers) = tally.Current();
        Assert.Equal((150_000, new DateTime(2026, 11, 21, 17, 58, 0, DateTimeKind.Utc), 33), (seq, from, beers.Count));
        Assert.All(beers.Take(32), minute => Assert.Equal(3_000, minute));
    }

    [Fact]
    public async Task EachTapSaysWhenItPouredLast()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var at = new DateTime(2026, 11, 21, 18, 30, 0, DateTimeKind.Utc);
        await PourAsync(hub, 7, 500, at);
        var answer = await hub.GetAsync("/api/taps");
        Assert.Equal("1", ((string)answer["position"]!).Split('-')[1]);
        Assert.Equal("2026-11-21T18:30:00Z", (string?)answer["taps"]![0]!["lastPour"]);
    }

    private static string Time(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static async Task<long> PourAsync(HubUnderTest hub, int tapId, double volume, DateTime pouredAt)
    {
        using var answer = await hub.Http.PostAsJsonAsync("/api/beers", new { tapId, volume, pouredAt = Time(pouredAt) });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (long)(await answer.JsonAsync())["beer"]!["id"]!;
    }

    private sealed class StoppedClock(DateTime now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(now);
    }
}
