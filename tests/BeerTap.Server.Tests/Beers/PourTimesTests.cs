using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Beers;

/// <summary>Clocks of devices and of the hub itself that are wrong: no pour is lost for its time, and none is stored twice.</summary>
public sealed class PourTimesTests
{
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    [Theory]
    [InlineData("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z")]
    [InlineData("1970-01-01T00:00:12Z", "1970-01-01T00:00:12Z")]
    [InlineData("1999-12-31T23:59:59.999999999Z", "1999-12-31T23:59:59.999Z")]
    [InlineData("2999-01-01T10:00:00Z", "2999-01-01T10:00:00Z")]
    [InlineData("9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59.999Z")]
    public async Task APourIsStoredWithTheHubsTimeWhenItsOwnCannotBe(string pouredAt, string claimed)
    {
        await using var hub = await HubUnderTest.StartAsync();
        var before = Now();
        var alone = (await PourAsync(hub, pouredAt, "alone", HttpStatusCode.Created))["beer"]!;
        using var batch = await hub.Http.PostAsJsonAsync("/api/beers/batch", new { beers = new[] { new { tapId = 1, volume = 500, pourId = "batch", pouredAt } } });
        var result = (await batch.JsonAsync())["results"]![0]!;
        Assert.Equal(201, (int)result["status"]!);
        JsonNode[] found =
        [
            alone, result["beer"]!, (await hub.GetAsync("/api/beers/1"))["beer"]!, .. (await hub.GetAsync("/api/beers"))["beers"]!.AsArray()!,
            (await hub.GetAsync($"/api/events?after=earliest"))["events"]![0]!["beer"]!,
        ];
        Assert.All(found, beer =>
        {
            Assert.Equal(claimed, (string?)beer["pouredAtClaimed"]);
            Assert.InRange(Time(beer["timestamp"]), before, Now());
        });

        // Sent again, whatever the hub's clock says now, it is the same pour.
        Assert.Equal((long)alone["id"]!, (long)(await PourAsync(hub, pouredAt, "alone", HttpStatusCode.OK))["beer"]!["id"]!);
        await hub.RestartAsync();
        Assert.Equal(claimed, (string?)(await PourAsync(hub, pouredAt, "alone", HttpStatusCode.OK))["beer"]!["pouredAtClaimed"]);
    }

    [Fact]
    public async Task AHubWhoseClockIsYearsBehindTakesPoursAndKnowsThemAgainWhenItIsSet()
    {
        var clock = new SetClock();
        await using var hub = await HubUnderTest.StartAsync(clock);
        await PourAsync(hub, null, "before", HttpStatusCode.Created);
        clock.Ahead = -3 * Year;
        await hub.RestartAsync();
        var (pouredAt, wrong) = (Text(Now()), clock.GetUtcNow().UtcDateTime);
        var beer = (await PourAsync(hub, pouredAt, "a", HttpStatusCode.Created))["beer"]!;
        Assert.Equal(pouredAt, (string?)beer["pouredAtClaimed"]);
        Assert.InRange(Time(beer["timestamp"]), wrong - TimeSpan.FromSeconds(1), clock.GetUtcNow().UtcDateTime);
        var ready = await hub.GetAsync("/health/ready");
        Assert.Equal(("ready", "degraded"), ((string?)ready["status"], (string?)ready["checks"]!["clock"]!["status"]));
        Assert.Contains("before this build was released", (string?)ready["checks"]!["clock"]!["reason"], StringComparison.Ordinal);

        clock.Ahead = default;
        var again = (await PourAsync(hub, pouredAt, "a", HttpStatusCode.OK))["beer"]!;
        Assert.Equal(beer.ToJsonString(), again.ToJsonString());
        Assert.Equal(2, (int)(await hub.GetAsync("/api/beers"))["total"]!);
        await ClockIsAsync(hub, "ok");
    }

    [Fact]
    public async Task AHubThatIsFarBehindItsNewestEventsSaysSoAndGoesOn()
    {
        var clock = new SetClock(Year);
        await using var hub = await HubUnderTest.StartAsync(clock);
        await PourAsync(hub, null, "ahead", HttpStatusCode.Created);
        clock.Ahead = default;
        await hub.RestartAsync();
        var ready = await hub.GetAsync("/health/ready");
        Assert.Equal(("ready", "degraded"), ((string?)ready["status"], (string?)ready["checks"]!["clock"]!["status"]));
        Assert.Contains("the store has events of", (string?)ready["checks"]!["clock"]!["reason"], StringComparison.Ordinal);
        await PourAsync(hub, null, "now", HttpStatusCode.Created);
    }

    [Fact]
    public async Task ATapIsNotSeenInTheFutureAfterAClockThatWasAhead()
    {
        var clock = new SetClock(Year);
        await using var hub = await HubUnderTest.StartAsync(clock);
        await PourAsync(hub, null, "ahead", HttpStatusCode.Created);
        using (var socket = await hub.Http.GetStreamAsync("/api/events/stream?tapId=2")) await hub.UntilConnectionsAsync(1);
        await hub.UntilConnectionsAsync(0);
        clock.Ahead = default;
        foreach (var restarts in (bool[])[false, true])
        {
            if (restarts) await hub.RestartAsync();
            var taps = (await hub.GetAsync("/api/taps"))["taps"]!.AsArray();
            Assert.All(taps, tap => Assert.InRange(Time(tap!["lastSeen"]), Now() - TimeSpan.FromMinutes(5), Now()));
            Assert.InRange(Time(taps[0]!["lastPour"]), Now() - TimeSpan.FromMinutes(5), Now());
        }

        var earlier = Text(Now() - TimeSpan.FromHours(2));
        await PourAsync(hub, earlier, "now", HttpStatusCode.Created);
        for (var restarts = 0; restarts < 2; restarts++)
        {
            Assert.Equal(earlier, (string?)(await hub.GetAsync("/api/taps/1"))["tap"]!["lastPour"]);
            await hub.RestartAsync();
        }
    }

    [Fact]
    public async Task TheLastHourIsRightAgainWhenTheClockIsSet()
    {
        var clock = new SetClock();
        await using var hub = await HubUnderTest.StartAsync(clock);
        for (var i = 0; i < 3; i++) await hub.PourAsync();
        foreach (var wrong in (TimeSpan[])[-Year, Year])
        {
            clock.Ahead = wrong;
            await hub.RestartAsync();
            Assert.Equal(0, Minutes(await hub.GetAsync("/api/reports/minutes")));
            clock.Ahead = default;
            var answer = await hub.GetAsync("/api/reports/minutes");
            Assert.Equal((3, 60), (Minutes(answer), answer["minutes"]!.AsArray().Count));
        }
    }

    [Theory]
    [InlineData("2026-11-21T18:30:00.123456789Z", "2026-11-21T18:30:00.123Z")]
    [InlineData("2026-11-21T18:30:00.99999999999999999999+00:00", "2026-11-21T18:30:00.999Z")]
    [InlineData("2026-11-21t18:30:00z", "2026-11-21T18:30:00Z")]
    [InlineData("2026-11-21 18:30:00.5Z", "2026-11-21T18:30:00.5Z")]
    [InlineData("2026-11-21 20:30:00+02:00", "2026-11-21T18:30:00Z")]
    [InlineData("2026-11-21T20:30:00+02", "2026-11-21T18:30:00Z")]
    [InlineData("2026-11-21T16:00:00-0230", "2026-11-21T18:30:00Z")]
    [InlineData("2026-11-21T18:30:00-00:00", "2026-11-21T18:30:00Z")]
    [InlineData("2026-11-21T18:30:00,5Z", "2026-11-21T18:30:00.5Z")]
    [InlineData("2026-11-21T18:30Z", "2026-11-21T18:30:00Z")]
    [InlineData("2026-06-30T23:59:60Z", "2026-06-30T23:59:59.999Z")]
    [InlineData("2026-06-30T23:59:60.75Z", "2026-06-30T23:59:59.999Z")]
    [InlineData("2026-02-28T24:00:00Z", "2026-03-01T00:00:00Z")]
    public async Task ATimeIsReadAsDevicesWriteIt(string pouredAt, string timestamp)
    {
        await using var hub = await HubUnderTest.StartAsync();
        var beer = (await PourAsync(hub, pouredAt, "a", HttpStatusCode.Created))["beer"]!;
        Assert.Equal((timestamp, null), ((string?)beer["timestamp"], (string?)beer["pouredAtClaimed"]));

        // The filters read the same words, also where a '+' arrives as a space. A finer time than is kept begins behind the beer.
        foreach (var to in (string[])[Uri.EscapeDataString(pouredAt), pouredAt])
        {
            Assert.Contains((int)(await hub.GetAsync($"/api/beers?from=2026-01-01T00:00:00Z&to={to}"))["total"]!, (int[])[0, 1]);
        }
    }

    [Theory]
    [InlineData("2026-11-21T18:30:00")]
    [InlineData("2026-11-21")]
    [InlineData("2026-02-30T00:00:00Z")]
    [InlineData("2026-11-21T24:00:01Z")]
    [InlineData("2026-11-21T18:30:61Z")]
    [InlineData("2026-11-21T18:60:00Z")]
    [InlineData("2026-11-21T18:30:00+24:00")]
    [InlineData("2026-11-21T18:30:00Z ")]
    [InlineData("2026-11-21_18:30:00Z")]
    [InlineData("٢٠٢٦-11-21T18:30:00Z")]
    [InlineData("12026-11-21T18:30:00Z")]
    [InlineData("")]
    public async Task WhatIsNoTimeIsRefusedByName(string pouredAt)
    {
        await using var hub = await HubUnderTest.StartAsync();
        var problem = await PourAsync(hub, pouredAt, "a", HttpStatusCode.BadRequest);
        Assert.Contains("RFC 3339", (string?)problem["errors"]!["pouredAt"]![0], StringComparison.Ordinal);
    }

    private static async Task ClockIsAsync(HubUnderTest hub, string status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((string?)(await hub.GetAsync("/health/ready"))["checks"]!["clock"]!["status"] != status) await poll.WaitForNextTickAsync(patience.Token);
    }

    private static async Task<JsonObject> PourAsync(HubUnderTest hub, string? pouredAt, string pourId, HttpStatusCode expected)
    {
        using var answer = await hub.Http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 500, pourId, pouredAt });
        var json = await answer.JsonAsync();
        Assert.True(answer.StatusCode == expected, json.ToJsonString());
        return json;
    }

    private static int Minutes(JsonObject answer) => answer["minutes"]!.AsArray().Sum(minute => (int)minute!);

    private static DateTime Now() => TimeProvider.System.GetUtcNow().UtcDateTime;

    private static string Text(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture);

    private static DateTime Time(JsonNode? text) => DateTime.Parse((string)text!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
}
