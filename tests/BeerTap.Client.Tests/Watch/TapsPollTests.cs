using System.Collections.Concurrent;
using System.Net;
using BeerTap.Client.Tests.Fakes;
using BeerTap.Client.Watch;

namespace BeerTap.Client.Tests.Watch;

public sealed class TapsPollTests
{
    [Fact]
    public async Task TheHubIsAskedWhereItIsNow()
    {
        var clock = new ManualClock();
        using var hubs = new Hubs();
        using var http = new HttpClient(hubs);
        using var over = new CancellationTokenSource();
        var now = new Uri("http://bar1:8338/");
        var polling = new TapsPoll(http, () => now, new TapBoard(clock), clock).RunAsync(over.Token);
        await Until.TrueAsync(() => !hubs.Asked.IsEmpty, "the first hub is asked");
        now = new Uri("http://bar2:8338/");
        await Until.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return hubs.Asked.Contains(new Uri("http://bar2:8338/api/taps"));
            },
            "the second hub is asked");
        Assert.Equal(new Uri("http://bar1:8338/api/taps"), hubs.Asked.First());
        await over.CancelAsync();
        await polling;
    }

    [Fact]
    public async Task AllPagesAreRead()
    {
        var clock = new ManualClock();
        using var hubs = new Hubs
        {
            Pages =
            {
                ["/api/taps"] = """{"taps":[{"id":1,"connected":true,"beers":1,"totalVolume":500,"share":50},{"id":3,"connected":false,"beers":1,"totalVolume":400,"share":50}],"next":3}""",
                ["/api/taps?after_id=3"] = """{"taps":[{"id":7,"connected":true,"beers":0,"totalVolume":0,"share":0}]}""",
            },
        };
        using var http = new HttpClient(hubs);
        using var over = new CancellationTokenSource();
        var board = new TapBoard(clock);
        var polling = new TapsPoll(http, () => new Uri("http://bar1:8338/"), board, clock).RunAsync(over.Token);
        await Until.TrueAsync(() => board.Now().Taps.Count > 0, "the taps are listed");
        Assert.Equal([1, 3, 7], board.Now().Taps.Select(tap => tap.Id));
        await over.CancelAsync();
        await polling;
    }

    private sealed class Hubs : HttpMessageHandler
    {
        public Dictionary<string, string> Pages { get; } = [];

        public ConcurrentQueue<Uri> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Enqueue(request.RequestUri!);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Pages.GetValueOrDefault(request.RequestUri!.PathAndQuery) ?? """{"taps":[]}""", System.Text.Encoding.UTF8, "application/json") });
        }
    }
}
