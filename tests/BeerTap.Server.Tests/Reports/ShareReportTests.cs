using System.Reactive.Concurrency;
using System.Text.Json.Nodes;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

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
        var clock = new HistoricalScheduler();
        using var repository = new BeerRepository(new FakeStore(), writer => new GroupCommitter(writer, new IntakeOptions()), new StorageOptions(), PlainMeters.Intake(), NullLogger<BeerRepository>.Instance);
        var events = new EventLog(repository.Epoch, () => repository.Totals.Counts().Head, new LiveOptions());
        using var announced = new SemaphoreSlim(0);
        using var log = repository.Subscribe(events.Append);
        using var reporter = new ShareReporter(repository, events, new ReportOptions { Interval = TimeSpan.FromSeconds(10) }, clock);
        using var heard = repository.Subscribe(_ => announced.Release());

        clock.AdvanceBy(TimeSpan.FromMinutes(1));
        Assert.Equal(PieceKind.Nothing, events.Next(FrameFormat.Json, 0, 0).Kind);

        await repository.AddAsync(new PourBeer(1, "pint", 500, DateTime.UnixEpoch, null));
        Assert.True(await announced.WaitAsync(Listener.Patience));
        clock.AdvanceBy(TimeSpan.FromSeconds(9));
        Assert.Equal(PieceKind.Nothing, events.Next(FrameFormat.Json, 1, 0).Kind);

        clock.AdvanceBy(TimeSpan.FromSeconds(1));
        var report = events.Next(FrameFormat.Json, 1, 0);
        Assert.Equal(PieceKind.Report, report.Kind);
        Assert.Equal(1, (int)JsonNode.Parse(WebSocketFrame.PayloadsOf(report.Bytes.Span))!["report"]!["totalBeers"]!);

        clock.AdvanceBy(TimeSpan.FromMinutes(1));
        Assert.Equal(PieceKind.Nothing, events.Next(FrameFormat.Json, 1, report.ReportVersion).Kind);
    }

    [Fact]
    public async Task AReportNamesTheTapsWithTheMostBeersAndSumsTheRest()
    {
        await using var hub = await HubUnderTest.StartAsync(NoInterval, "--Reports:Taps=2");
        await using var listener = await Listener.ConnectAsync("websocket", hub);
        using var text = new TestSocket();
        await text.OpenAsync(hub.SocketAddress("/sockets/beers"), default);
        await hub.UntilConnectionsAsync(2);
        foreach (var tap in new[] { 9, 9, 9, 9, 5, 5, 5, 7, 3, 1 }) await hub.PourAsync(tap, volume: 100);

        await listener.HearContiguousAsync(1, 10);
        var report = (await listener.NextAsync("shareReport"))["report"]!.ToJsonString();
        Assert.Equal(
            """{"totalBeers":10,"taps":[{"tapId":5,"beers":3,"share":30,"totalVolume":300},{"tapId":9,"beers":4,"share":40,"totalVolume":400}],"others":{"taps":3,"beers":3,"share":30,"totalVolume":300}}""",
            report);
        Assert.Equal(report, (await hub.GetAsync("/api/reports/share"))["report"]!.ToJsonString());
        var words = await text.MessagesAsync(default).FirstAsync(message => message.StartsWith('{'));
        Assert.Equal("""{"tap 5":"30.0%","tap 9":"40.0%","other taps":"30.0%","total beers":10}""", words);
    }

    [Fact]
    public async Task TheIntervalRunsInTheHub()
    {
        await using var hub = await HubUnderTest.StartAsync("--Reports:Interval=00:00:00.2");
        await using var listener = await Listener.ConnectAsync("websocket", hub);
        await hub.PourAsync();
        await listener.NextAsync("beerPoured");
        Assert.Equal(1, (int)(await listener.NextAsync("shareReport"))["report"]!["totalBeers"]!);
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
