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

    private sealed class Hubs : HttpMessageHandler
    {
        public ConcurrentQueue<Uri> Asked { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Enqueue(request.RequestUri!);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"taps":[]}""", System.Text.Encoding.UTF8, "application/json") });
        }
    }
}
