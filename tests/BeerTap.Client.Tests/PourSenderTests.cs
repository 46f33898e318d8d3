using BeerTap.Client.Tests.Fakes;
using Microsoft.AspNetCore.Http;

namespace BeerTap.Client.Tests;

public sealed class PourSenderTests : IAsyncLifetime
{
    private readonly Heard _heard = new();
    private readonly HubSighting _sighting = new();
    private readonly PourTally _tally = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _giveUp = new();
    private readonly PourGenerator _tap = new(1, 1, TimeProvider.System);
    private FakeHub _hub = null!;
    private Spool _spool = null!;
    private HttpClient _http = null!;
    private PourSender _sender = null!;
    private Task _running = Task.CompletedTask;

    public async Task InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _spool = new Spool(10_000, null, _heard.Report);
        Use(_hub.Address, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _giveUp.CancelAsync();
        await _running;
        await _spool.DisposeAsync();
        await _hub.DisposeAsync();
        _http.Dispose();
        _heard.Dispose();
        _stopping.Dispose();
        _giveUp.Dispose();
    }

    [Fact]
    public async Task AnAcknowledgedPourIsSettled()
    {
        await PourAsync(1);
        await AllSettledAsync();
        Assert.Equal((1, 1, 0, 0), (_tally.Posted, _tally.Acknowledged, _tally.Replayed, _tally.Refused));
        Assert.Equal(1, _tally.NewestBeer);
        Assert.Equal(0, _spool.Waiting);
    }

    [Fact]
    public async Task ALostAnswerIsAskedForAgainWithTheSamePourId()
    {
        _hub.Next.Enqueue(context =>
        {
            // The pour reached the disk, the answer did not reach the tap.
            _hub.Log.Pour(_hub.Pours.Last());
            context.Abort();
            return Task.CompletedTask;
        });
        await PourAsync(1);
        await AllSettledAsync();
        Assert.Equal(2, _hub.Calls.Count);
        Assert.Single(_hub.Pours.Select(pour => pour.PourId).Distinct());
        Assert.Equal((1, 1, 1), (_tally.Posted, _tally.Acknowledged, _tally.Replayed));
        Assert.Equal(1, _hub.Log.Head);
    }

    [Fact]
    public async Task WhatPiledUpGoesInBatchesInOrder()
    {
        var poured = await PourAsync(1200);
        await AllSettledAsync();
        Assert.Equal([500, 500, 200], _hub.Calls.Select(call => call.Count));
        Assert.Equal(poured, _hub.Pours);
        Assert.Equal(1200, _tally.Acknowledged);
    }

    [Fact]
    public async Task AnOutageIsSaidOnceAndItsEndOnce()
    {
        var address = await FakeHub.FreeAddressAsync();
        Use(address, TimeProvider.System);
        var poured = await PourAsync(1);
        await Until.TrueAsync(() => _heard.Count("is away") == 1, "the outage is told");
        poured.AddRange(await PourAsync(3));
        await using var hub = await FakeHub.StartAsync(address: address);
        await AllSettledAsync();
        Assert.Equal(poured, hub.Pours);
        await Until.TrueAsync(() => _heard.Count("is back after") == 1, "the end of the outage is told");
        Assert.Equal(1, _heard.Count("is away"));
        Assert.Contains(hub.Calls, call => call.Count > 1);
    }

    [Fact]
    public async Task NewsOfTheHubEndsALongWait()
    {
        var (clock, address) = (new ManualClock(), await FakeHub.FreeAddressAsync());
        Use(address, clock);
        await PourAsync(1);

        // Ten tries that failed: the wait is one of up to 15 s.
        for (var tries = 0; tries < 10; tries++)
        {
            await Until.TrueAsync(() => clock.Timers == 1, "the tap waits");
            clock.Advance(Backoff.Cap);
        }

        await Until.TrueAsync(() => clock.Timers == 1, "the tap waits");
        await using var hub = await FakeHub.StartAsync(address: address);
        _sighting.Reached(clock.GetTimestamp());
        await Until.TrueAsync(() => clock.LastIn <= Pauses.Spread, "the tap goes to the hub soon");
        clock.Advance(Pauses.Spread);
        await AllSettledAsync();
    }

    [Fact]
    public async Task AnAcknowledgedPourIsNewsForWhoeverWaitsForTheHub()
    {
        var seen = _sighting.SeenSinceAsync(TimeProvider.System.GetTimestamp(), _giveUp.Token);
        await PourAsync(1);
        await seen.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task ABusyHubIsLeftAloneForAsLongAsItAsks(int status)
    {
        var clock = new ManualClock();
        Use(_hub.Address, clock);
        _hub.Next.Enqueue(FakeHub.Status(status, ("Retry-After", "20")));
        await PourAsync(1);
        await Until.TrueAsync(() => _heard.Count("busy") == 1 && clock.Timers == 1, "the tap waits");
        _sighting.Reached(clock.GetTimestamp());
        clock.Advance(TimeSpan.FromSeconds(19.9));
        Assert.Equal(1, clock.Timers);
        Assert.Single(_hub.Calls);
        clock.Advance(TimeSpan.FromSeconds(1.2));
        await AllSettledAsync();
        Assert.Equal((1, 1), (_tally.Posted, _tally.Acknowledged));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task ATapThatIsNotAllowedSaysSoAndTriesSlowly(int status)
    {
        var clock = new ManualClock();
        Use(_hub.Address, clock);
        _hub.Next.Enqueue(FakeHub.Status(status));
        await PourAsync(1);
        await Until.TrueAsync(() => _heard.Count("check --api-key") == 1 && clock.Timers == 1, "the tap waits");
        clock.Advance(TimeSpan.FromSeconds(14.9));
        Assert.Single(_hub.Calls);
        clock.Advance(TimeSpan.FromSeconds(31));
        await AllSettledAsync();
        Assert.Equal(1, _tally.Acknowledged);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(415)]
    public async Task APourThatIsRefusedIsReportedAndNotSentAgain(int status)
    {
        _hub.Next.Enqueue(FakeHub.Status(status));
        var pour = (await PourAsync(1))[0];
        await AllSettledAsync();
        Assert.Equal((1, 0, 1), (_tally.Posted, _tally.Acknowledged, _tally.Refused));
        Assert.Single(_hub.Calls);
        Assert.Equal(1, _heard.Count($"pour {pour.PourId} of {pour.Volume} ml refused ({status} No; because)"));
    }

    [Fact]
    public async Task OneBadPourInABatchFailsAlone()
    {
        var poured = Enumerable.Range(0, 5).Select(_ => _tap.Next()).ToList();
        _hub.Refuse = pour => pour == poured[2] ? 400 : null;
        await SendAsync(poured);
        await AllSettledAsync();
        Assert.Equal((4, 1), (_tally.Acknowledged, _tally.Refused));
    }

    [Fact]
    public async Task PoursOfABatchThatTheHubCouldNotTakeYetAreSentAgain()
    {
        var full = 3;
        _hub.Refuse = _ => Interlocked.Decrement(ref full) >= 0 ? 503 : null;
        var poured = await PourAsync(5);
        await AllSettledAsync();
        Assert.Equal((5, 5, 0), (_tally.Posted, _tally.Acknowledged, _tally.Refused));
        Assert.Equal(poured[..3], _hub.Calls.Last());
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(413)]
    public async Task ABatchThatIsRefusedAsAWholeIsSentInSmallerParts(int status)
    {
        var poured = Enumerable.Range(0, 8).Select(_ => _tap.Next()).ToList();
        _hub.Next.Enqueue(FakeHub.Status(status));
        _hub.Next.Enqueue(FakeHub.Status(status));
        await SendAsync(poured);
        await AllSettledAsync();
        Assert.Equal([8, 4, 2], _hub.Calls.Take(3).Select(call => call.Count));
        Assert.Equal((8, 8, 0), (_tally.Posted, _tally.Acknowledged, _tally.Refused));
        Assert.Equal(8, _hub.Log.Head);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(502)]
    public async Task AnAnswerNoHubWouldGiveIsNoAcknowledgement(int status)
    {
        _hub.Next.Enqueue(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/login";
            await context.Response.WriteAsync("<html>Welcome to our WLAN</html>");
        });
        await PourAsync(1);
        await AllSettledAsync();
        Assert.Equal(2, _hub.Calls.Count);
        Assert.Equal((1, 1, 0), (_tally.Acknowledged, _heard.Count("is away"), _tally.Refused));
    }

    [Fact]
    public async Task SomeoneWhoWantsToGoIsNotHeldUpByAPause()
    {
        Use(_hub.Address, new ManualClock());
        _hub.Next.Enqueue(FakeHub.Status(503, ("Retry-After", "3600")));
        await PourAsync(1);
        await Until.TrueAsync(() => _heard.Count("busy") == 1, "the tap waits");
        _sender.NoMore();
        await _stopping.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(1, _tally.Acknowledged);
    }

    [Fact]
    public async Task GivingUpLeavesThePoursInTheSpool()
    {
        Use(await FakeHub.FreeAddressAsync(), TimeProvider.System);
        await PourAsync(4);
        await _giveUp.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(4, _spool.Waiting);
    }

    private void Use(Uri address, TimeProvider time)
    {
        _http?.Dispose();
        _http = new HubConnections(address, apiKey: null).Posts;
        _sender = new PourSender(new BeersApi(_http, time), _spool, new HubReach(address, _spool, _heard.Report, time), _sighting, _tally, _heard.Report, time);
    }

    private Task<List<Pour>> PourAsync(int pours) => SendAsync([.. Enumerable.Range(0, pours).Select(_ => _tap.Next())]);

    private async Task<List<Pour>> SendAsync(List<Pour> pours)
    {
        foreach (var pour in pours)
        {
            await _spool.ReserveAsync(CancellationToken.None);
            await _spool.KeepAsync(pour);
            _sender.Add(new WaitingPour(pour));
        }

        if (_running.IsCompleted) _running = _sender.RunAsync(_stopping.Token, _giveUp.Token);
        return pours;
    }

    private Task AllSettledAsync() => Until.TrueAsync(() => _spool.Waiting == 0, "every pour is settled");
}
