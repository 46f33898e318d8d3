using System.Net;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>One pour, from the post to every kind of listener.</summary>
public sealed class JourneyTests
{
    [Fact]
    public async Task OnePostIsHeardOnEveryTransportAtOnce()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await using var signalR = await Listener.ConnectAsync("signalr", hub);
        await using var socket = await Listener.ConnectAsync("websocket", hub);
        await using var sse = await Listener.ConnectAsync("sse", hub);
        using var text = new TestSocket();
        await text.OpenAsync(hub.SocketAddress("/sockets/beers"), default);
        await using var words = text.MessagesAsync(default).GetAsyncEnumerator();
        await hub.UntilConnectionsAsync(4);

        var beer = await hub.PourAsync(tapId: 7, volume: 999.5);

        var heard = await signalR.NextAsync("beerPoured");
        Assert.Equal(beer.ToJsonString(), heard["beer"]!.ToJsonString());
        Assert.Equal(heard.ToJsonString(), (await socket.NextAsync("beerPoured")).ToJsonString());
        Assert.Equal(heard.ToJsonString(), (await sse.NextAsync("beerPoured")).ToJsonString());
        Assert.True(await words.MoveNextAsync());
        Assert.Equal($"Tap with id 7 posted a new beer (id: {beer["id"]})!", words.Current);

        using (await hub.Http.DeleteAsync($"/api/beers/{beer["id"]}"))
        {
        }

        Assert.True(await words.MoveNextAsync());
        Assert.Equal($"Beer {beer["id"]} deleted from the collection", words.Current);
    }

    [Fact]
    public async Task ManyListenersThatComeAndGoWhilePoursFlowMissNothing()
    {
        const int Pours = 400, Listeners = 24;
        await using var hub = await HubUnderTest.StartAsync("--Live:RingEvents=64", "--Live:Pumps=2", "--Live:PageEvents=7");

        var pouring = Task.Run(async () =>
        {
            await Parallel.ForEachAsync(Enumerable.Range(0, Pours), new ParallelOptions { MaxDegreeOfParallelism = 8 },
                async (i, _) => await hub.PourAsync(tapId: 1 + (i % 5)));
        });
        var listening = Enumerable.Range(0, Listeners).Select(i => Task.Run(async () =>
        {
            // Each hears the whole log in stages, leaving and coming back with its position.
            var random = new Random(i);
            var (position, seq) = ("earliest", 0L);
            while (seq < Pours)
            {
                await using var listener = await Listener.ConnectAsync(Listener.JsonTransports[i % 3], hub, position);
                var until = Math.Min(Pours, seq + random.Next(1, 120));
                await listener.HearContiguousAsync(seq + 1, until);
                (position, seq) = (listener.Position, until);
            }
        }));

        await Task.WhenAll([pouring, .. listening]);
        await hub.UntilConnectionsAsync(0);
    }

    [Fact]
    public async Task ATapIsConnectedWhileItHoldsAConnectionThatNamesIt()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await using (await Listener.ConnectAsync("signalr", hub, tapId: 5))
        {
            await using (await Listener.ConnectAsync("sse", hub, tapId: 5))
            {
                Assert.True((bool)(await hub.GetAsync("/api/taps/5"))["tap"]!["connected"]!);
            }

            await hub.UntilConnectionsAsync(1);
            Assert.True((bool)(await hub.GetAsync("/api/taps/5"))["tap"]!["connected"]!);
        }

        await hub.UntilConnectionsAsync(0);
        Assert.False((bool)(await hub.GetAsync("/api/taps/5"))["tap"]!["connected"]!);
        using var unknown = await hub.Http.GetAsync("/api/taps/6");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }
}
