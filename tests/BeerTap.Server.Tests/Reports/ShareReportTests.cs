using System.Text.Json.Nodes;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Reports;

public sealed class ShareReportTests
{
    private const string NoInterval = "--Reports:Interval=1.00:00:00";

    public static TheoryData<string> Transports => [.. Listener.JsonTransports];

    [Theory, MemberData(nameof(Transports))]
    public async Task AReportFollowsEveryTenthBeerRightBehindItsPosition(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync(NoInterval);
        await using var listener = await Listener.ConnectAsync(transport, hub);
        for (var i = 0; i < 25; i++) await hub.PourAsync(tapId: i % 5 < 2 ? 1 : 2, volume: 100);

        for (var beers = 10; beers <= 20; beers += 10)
        {
            for (var seq = beers - 9; seq <= beers; seq++) Assert.Equal(seq, Listener.SeqOf(await listener.NextAsync("beerPoured")));
            var heard = await listener.NextAsync("shareReport");
            Assert.Equal(beers, Listener.SeqOf(heard));
            Assert.Equal(
                $$"""{"totalBeers":{{beers}},"taps":[{"tapId":1,"beers":{{beers * 4 / 10}},"share":40,"totalVolume":{{beers * 40}}},{"tapId":2,"beers":{{beers * 6 / 10}},"share":60,"totalVolume":{{beers * 60}}}]}""",
                heard["report"]!.ToJsonString());
        }

        Assert.Equal(21, Listener.SeqOf(await listener.NextAsync("beerPoured")));
        Assert.Equal(25, (int)(await hub.GetAsync("/api/reports/share"))["report"]!["totalBeers"]!);
    }

    [Fact]
    public async Task TheIntervalBringsAReportOnlyWhenSomethingChanged()
    {
        await using var hub = await HubUnderTest.StartAsync("--Reports:Interval=00:00:00.2");
        await using var listener = await Listener.ConnectAsync("websocket", hub);

        await hub.PourAsync();
        await listener.NextAsync("beerPoured");
        Assert.Equal(1, (int)(await listener.NextAsync("shareReport"))["report"]!["totalBeers"]!);

        // Nothing changes for several intervals: the next word is the next pour.
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await hub.PourAsync();
        await listener.NextAsync("beerPoured");
    }

    [Fact]
    public async Task TheOriginalsTapsHearTheReportInItsOwnWords()
    {
        await using var hub = await HubUnderTest.StartAsync(NoInterval);
        using var text = new TestSocket();
        await text.OpenAsync(hub.SocketAddress("/sockets/beers"), default);
        await hub.UntilConnectionsAsync(1);
        for (var i = 0; i < 10; i++) await hub.PourAsync(tapId: i < 4 ? 1 : 2);

        var words = new List<string>();
        await foreach (var message in text.MessagesAsync(default))
        {
            words.Add(message);
            if (words.Count == 11) break;
        }

        Assert.Equal("Tap with id 2 posted a new beer (id: 10)!", words[9]);
        Assert.Equal("""{"tap 1":"40.0%","tap 2":"60.0%","total beers":10}""", words[10]);
        Assert.NotNull(JsonNode.Parse(words[10]));
    }

    [Fact]
    public async Task AListenerThatWasAwayHearsOnlyTheNewestReportInItsPlace()
    {
        await using var hub = await HubUnderTest.StartAsync(NoInterval, "--Live:RingEvents=64");
        for (var i = 0; i < 105; i++) await hub.PourAsync();

        await using var listener = await Listener.ConnectAsync("sse", hub, "earliest");
        var heard = new List<JsonObject>();
        for (var i = 0; i < 106; i++) heard.Add(await listener.NextAsync());

        var report = Assert.Single(heard, entry => (string?)entry["event"] == "shareReport");
        Assert.Equal(100, heard.IndexOf(report));
        Assert.Equal(100, Listener.SeqOf(report));
    }
}
