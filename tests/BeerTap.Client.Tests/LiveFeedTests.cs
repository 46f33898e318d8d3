using System.Text.Json.Nodes;
using BeerTap.Client.Tests.Fakes;
using Microsoft.AspNetCore.Http;

namespace BeerTap.Client.Tests;

public sealed class SignalRFeedTests : LiveFeedTests
{
    private protected override LiveFeed Create(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, ConsoleReport report) =>
        new SignalRFeed(target, connecting, hub, report, TimeProvider.System);
}

public sealed class WebSocketFeedTests : LiveFeedTests
{
    private protected override LiveFeed Create(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, ConsoleReport report) =>
        new WebSocketFeed(target, connecting, hub, report, TimeProvider.System);
}

public sealed class SseFeedTests : LiveFeedTests
{
    private protected override LiveFeed Create(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, ConsoleReport report) =>
        new SseFeed(new HubConnections(target.Server, target.ApiKey).Streams, target, connecting, hub, report, TimeProvider.System);
}

/// <summary>What every kind of feed must do.</summary>
public abstract class LiveFeedTests : IAsyncLifetime
{
    private readonly Heard _heard = new();
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly HubSighting _sighting = new();
    private readonly CancellationTokenSource _stopping = new();
    private FakeHub _hub = null!;
    private LiveFeed _feed = null!;
    private Task _running = Task.CompletedTask;

    public async Task InitializeAsync() => _hub = await FakeHub.StartAsync();

    public async Task DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(5));
        await _hub.DisposeAsync();
        _heard.Dispose();
        _connecting.Dispose();
        _stopping.Dispose();
    }

    [Fact]
    public async Task HearsPoursDeletionsAndReports()
    {
        _hub.Log.PourMany(3);
        await ListenAsync();
        _hub.Log.PourMany(2);
        _hub.Log.Delete(4);
        _hub.Log.Report();
        await Until.TrueAsync(() => _heard.Lines.Count == 5, "all is told");
        Assert.Equal((3, 1), (_feed.Tally.Heard, _feed.Tally.Reports));
        Assert.Equal(
            ["listening from fake-3", "tap 1 poured a pint (500.0 ml): beer 4", "tap 1 poured a pint (500.0 ml): beer 5", "beer 4 deleted", "share of 6 beers: tap 1 100.00% (6)"],
            _heard.Lines.Select(line => line["HH:mm:ss ".Length..]));
    }

    [Fact]
    public async Task NamesItsTapAndShowsItsKey()
    {
        await ListenAsync(key: "s p&c");
        Assert.Equal(("1", null, "s p&c"), (_hub.Log.Listened[0].TapId, _hub.Log.Listened[0].After, _hub.Log.Listened[0].Key));
    }

    [Fact]
    public async Task EarliestHearsEverything()
    {
        _hub.Log.PourMany(700);
        await ListenAsync(Position.Earliest);
        await Until.TrueAsync(() => _feed.Tally.Heard == 700, "all 700 are heard");
        Assert.Equal((0, 0), (_feed.Tally.Gaps, _feed.Tally.Duplicates));
    }

    [Fact]
    public async Task ALostConnectionIsResumedAfterTheLastPositionHeard()
    {
        await ListenAsync();
        _hub.Log.PourMany(5);
        await Until.TrueAsync(() => _feed.Tally.Heard == 5, "the first five are heard");
        _hub.Log.HangUp();

        // The old connection takes nothing more from here on; the client may be back before it is gone.
        _hub.Log.PourMany(5);
        await Until.TrueAsync(() => _feed.Tally.Heard == 10, "the next five are heard");
        Assert.Equal([null, "fake-5"], _hub.Log.Listened.Select(listener => listener.After));
        Assert.Equal((0, 0, 0), (_feed.Tally.Gaps, _feed.Tally.Duplicates, _feed.Tally.Reloads));
        Assert.Equal((1, 1), (_heard.Count("feed lost"), _heard.Count("resumed after fake-5")));
    }

    [Fact]
    public async Task AHubThatRestartsIsFoundAgain()
    {
        await ListenAsync();
        _hub.Log.PourMany(5);
        await Until.TrueAsync(() => _feed.Tally.Heard == 5, "the first five are heard");
        var (log, address) = (_hub.Log, _hub.Address);
        await _hub.DisposeAsync();
        log.PourMany(5);
        _hub = await FakeHub.StartAsync(log, address);
        await Until.TrueAsync(() => _feed.Tally.Heard == 10, "the next five are heard");
        Assert.Equal((0, 0), (_feed.Tally.Gaps, _feed.Tally.Duplicates));
        Assert.Equal(1, _heard.Count("feed lost"));
    }

    [Fact]
    public async Task AFeedMayStartBeforeTheHub()
    {
        var address = await FakeHub.FreeAddressAsync();
        Start(address, Position.Earliest);
        await Until.TrueAsync(() => _heard.Count("no feed yet") == 1, "the first try has failed");
        await _hub.DisposeAsync();
        _hub = await FakeHub.StartAsync(address: address);
        _hub.Log.PourMany(2);
        await Until.TrueAsync(() => _feed.Tally.Heard == 2, "both are heard");
    }

    [Fact]
    public async Task AClosingHubIsLeftAloneForAsLongAsItAsks()
    {
        await ListenAsync();
        var began = TimeProvider.System.GetTimestamp();
        _hub.Log.Send(new FeedEvent(FeedEvent.Closing, Reason: "draining", RetryAfterMs: 700));
        _hub.Log.HangUp();
        await Until.TrueAsync(() => _hub.Log.Listened.Count == 2, "the feed is back");
        Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds, 700, 5000);
        Assert.Equal(1, _heard.Count("the hub says: draining"));
    }

    [Fact]
    public async Task AFeedGoesWhereAClosingHubSendsItAndMissesNothing()
    {
        await ListenAsync(key: "secret");
        _hub.Log.PourMany(3);
        await Until.TrueAsync(() => _feed.Tally.Heard == 3, "the first three are heard");
        await using var other = await FakeHub.StartAsync();
        other.Log.PourMany(5);
        _hub.Log.Send(new FeedEvent(FeedEvent.Closing, Reason: "draining", RetryAfterMs: 0, To: other.Address.ToString()));
        await Until.TrueAsync(() => _heard.Count("sends its listeners to") == 1, "it is told where to go");
        _hub.Log.HangUp();
        await Until.TrueAsync(() => _feed.Tally.Heard == 5, "the next two are heard");
        Assert.Equal(("fake-3", "secret"), (other.Log.Listened[0].After, other.Log.Listened[0].Key));
        Assert.Equal((0, 0), (_feed.Tally.Gaps, _feed.Tally.Duplicates));
        Assert.Single(_hub.Log.Listened);
        Assert.Equal(1, _heard.Count($"sends its listeners to {other.Address}"));
    }

    [Theory]
    [InlineData("http://bar2.invalid:1/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("bar2")]
    public async Task AFeedWithAKeyStaysWhenItIsSentWhereTheKeyMayNotGo(string to)
    {
        await ListenAsync(key: "secret");
        _hub.Log.Send(new FeedEvent(FeedEvent.Closing, Reason: "draining", RetryAfterMs: 0, To: to));
        await Until.TrueAsync(() => _heard.Count("not following") == 1, "it is told where to go");
        _hub.Log.HangUp();
        await Until.TrueAsync(() => _hub.Log.Listened.Count == 2 && _feed.Listening, "it is back");
        Assert.Equal(1, _heard.Count("not following"));
    }

    [Fact]
    public async Task AClosingHubThatForgetsToCloseIsLeft()
    {
        await ListenAsync();
        _hub.Log.Send(new FeedEvent(FeedEvent.Closing, Reason: "draining", RetryAfterMs: 0));
        await Until.TrueAsync(() => _hub.Log is { Listened.Count: 2, Listening: 1 }, "the feed has changed connections");
    }

    [Fact]
    public async Task AnotherEpochIsReloadedAndCounted()
    {
        _hub.Log.PourMany(3);
        await ListenAsync("older-99");
        await Until.TrueAsync(() => _feed.Tally.Reloads == 1, "the reload is heard");
        _hub.Log.PourMany(1);
        await Until.TrueAsync(() => _feed.Tally.Heard == 1, "what follows is heard");
        Assert.Equal((0, 0, new Position("fake", 4)), (_feed.Tally.Gaps, _feed.Tally.Duplicates, _feed.Tally.Last));
    }

    [Fact]
    public async Task AGapAndADuplicateAreSeen()
    {
        await ListenAsync();
        var beer = new Beer(3, "pint", 500m, DateTimeOffset.UnixEpoch, 1);
        _hub.Log.Send(new FeedEvent(FeedEvent.BeerPoured, _hub.Log.PositionOf(3), Beer: beer));
        _hub.Log.Send(new FeedEvent(FeedEvent.BeerPoured, _hub.Log.PositionOf(3), Beer: beer));
        await Until.TrueAsync(() => _feed.Tally is { Gaps: 2, Duplicates: 1, Heard: 1 }, "both are counted");
        await Until.TrueAsync(() => _heard.Count("DUPLICATE in the feed of tap 1: fake-3") == 1, "the duplicate is told");
        Assert.Equal(1, _heard.Count("GAP in the feed of tap 1: fake-3"));
    }

    [Fact]
    public async Task AFeedThatDoesNotTellStillCountsAndChecks()
    {
        await ListenAsync(tells: false);
        _hub.Log.PourMany(2);
        _hub.Log.Delete(1);
        _hub.Log.Report();
        await Until.TrueAsync(() => _feed.Tally is { Heard: 3, Reports: 1 }, "all is counted");
        Assert.Empty(_heard.Lines);
        _hub.Log.Send(new FeedEvent(FeedEvent.BeerDeleted, _hub.Log.PositionOf(9), Id: 2));
        await Until.TrueAsync(() => _heard.Lines is [var line] && line.Contains("GAP in the feed of tap 1", StringComparison.Ordinal), "the gap is told");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnEventOfAnUnknownKindMovesThePositionAndUnknownFieldsAreIgnored(bool tells)
    {
        await ListenAsync(tells: tells);
        _hub.Log.PourMany(1);
        _hub.Log.Append("kegChanged", Fields("""{"id":"keg-7","beer":"lager","report":[1],"reason":5,"retryAfterMs":"soon","epoch":3,"to":{},"made":{"up":[1,2]}}"""));
        _hub.Log.Append(FeedEvent.BeerPoured, Fields("""{"beer":{"id":3,"type":"pint","volume":500,"timestamp":"2026-11-30T10:00:00Z","tapId":1,"warmth":{"celsius":6}},"by":"ann"}"""));
        _hub.Log.Send(Fields("""{"event":"temperature","celsius":6}"""));
        _hub.Log.Send(Fields("""{"event":"presence","position":"fake-3","members":[]}"""));
        _hub.Log.Send(Fields("""{"event":"presence","position":"elsewhere-1"}"""));
        _hub.Log.PourMany(1);
        await Until.TrueAsync(() => _feed.Tally.Last == new Position("fake", 4), "all is heard");
        Assert.Equal((4, 0, 0, 1), (_feed.Tally.Heard, _feed.Tally.Gaps, _feed.Tally.Duplicates, _hub.Log.Listened.Count));
        Assert.Equal(tells ? 3 : 0, _heard.Count("poured a pint"));

        // The last one before the connection is lost is of an unknown kind: the feed goes on behind it.
        _hub.Log.Append("kegChanged", []);
        await Until.TrueAsync(() => _feed.Tally.Last == new Position("fake", 5), "the last is heard");
        _hub.Log.HangUp();
        await Until.TrueAsync(() => _hub.Log.Listened.Count == 2, "the feed is back");
        Assert.Equal("fake-5", _hub.Log.Listened[1].After);
    }

    [Fact]
    public async Task AnUnknownKindBehindAMissingPositionIsAGap()
    {
        await ListenAsync();
        _hub.Log.Send(Fields("""{"event":"kegChanged","position":"fake-3"}"""));
        await Until.TrueAsync(() => _feed.Tally is { Gaps: 2, Heard: 1 }, "the gap is counted");
    }

    [Fact]
    public async Task AVeryLargeReportIsHeard()
    {
        await ListenAsync();
        var taps = Enumerable.Range(1, 20_000).Select(tap => new TapShare(tap, 1, 0.01m, 500m)).ToList();
        _hub.Log.Send(new FeedEvent(FeedEvent.ShareReport, "fake-0", Report: new ShareReport(20_000, taps)));
        await Until.TrueAsync(() => _heard.Count(", 19990 others 199.90% (19990)") == 1, "the report is told");
    }

    [Fact]
    public async Task AnEventWithoutAPositionEndsTheConnectionAndIsToldAbout()
    {
        await ListenAsync();
        _hub.Log.Send(new FeedEvent(FeedEvent.BeerPoured, "nowhere"));
        await Until.TrueAsync(() => _hub.Log.Listened.Count == 2, "the feed is back");
        Assert.Equal(1, _heard.Count("'nowhere' for a position"));
    }

    [Fact]
    public async Task AWelcomeIsNewsForWhoeverWaitsForTheHub()
    {
        var seen = _sighting.SeenSinceAsync(TimeProvider.System.GetTimestamp(), _stopping.Token);
        await ListenAsync();
        await seen.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task AFeedThatIsNotAllowedSaysSo()
    {
        _hub.RefuseListener = _ => StatusCodes.Status401Unauthorized;
        Start(_hub.Address, null);
        await Until.TrueAsync(() => _heard.Count("401 Unauthorized): check --api-key") == 1, "it is told");
    }

    [Fact]
    public async Task AFullHubIsAskedAgainAfterTheTimeItNames()
    {
        var refused = 0L;
        _hub.RefuseListener = _ => Interlocked.CompareExchange(ref refused, TimeProvider.System.GetTimestamp(), 0) == 0 ? 503 : null;
        Start(_hub.Address, null);
        await Until.TrueAsync(() => _feed.Tally.Last is not null, "the feed is there");
        Assert.InRange(TimeProvider.System.GetElapsedTime(refused).TotalSeconds, 1, 5);
    }

    [Fact]
    public async Task StoppingClosesTheConnection()
    {
        await ListenAsync();
        await _stopping.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(3));
        await Until.TrueAsync(() => _hub.Log.Listening == 0, "the hub saw it go");
    }

    private protected abstract LiveFeed Create(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, ConsoleReport report);

    private static JsonObject Fields(string json) => JsonNode.Parse(json)!.AsObject();

    private void Start(Uri address, string? after, string? key = null, bool tells = true)
    {
        _feed = Create(new FeedTarget(address, 1, after, key, tells), _connecting, _sighting, _heard.Report);
        _running = _feed.RunAsync(_stopping.Token);
    }

    private async Task ListenAsync(string? after = null, string? key = null, bool tells = true)
    {
        Start(_hub.Address, after, key, tells);
        await Until.TrueAsync(() => _feed.Tally.Last is not null, "the feed is there");
    }
}
