using System.Net;
using System.Net.Sockets;
using System.Text;
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
    public async Task ListenersThatLeaveAsTheyComeSilenceNobody()
    {
        const int Pours = 300;
        await using var hub = await HubUnderTest.StartAsync("--Live:Pumps=1");
        var steady = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Listener.ConnectAsync(Listener.JsonTransports[i % 3], hub)));
        using var stop = new CancellationTokenSource();

        // An upgrade and a close in one packet: the hub hears of both at once.
        var hello = Encoding.ASCII.GetBytes(
            "GET /sockets/beers HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: beertap.v1\r\n\r\n");
        byte[] helloAndGoodbye = [.. hello, 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];
        var churn = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
                await client.GetStream().WriteAsync(helloAndGoodbye);
                var buffer = new byte[4096];
                while (await client.GetStream().ReadAsync(buffer) > 0)
                {
                }
            }
        })).ToList();

        for (var i = 0; i < Pours; i++) await hub.PourAsync();
        await stop.CancelAsync();
        await Task.WhenAll(churn);

        foreach (var listener in steady) await listener.HearContiguousAsync(1, Pours);
        await hub.UntilConnectionsAsync(steady.Length);
        foreach (var listener in steady) await listener.DisposeAsync();
    }

    [Fact]
    public async Task APositionTheHubItselfGaveIsNeverFromTheFuture()
    {
        await using var hub = await HubUnderTest.StartAsync("--Reports:EveryBeers=1");
        using var stop = new CancellationTokenSource();
        var pouring = Enumerable.Range(1, 4).Select(tap => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await hub.PourAsync(tap);
        })).ToList();

        var position = "earliest";
        for (var i = 0; i < 1500; i++)
        {
            var page = await hub.GetAsync($"/api/events?limit=1000&after={position}");
            Assert.DoesNotContain(page["events"]!.AsArray(), heard => (string?)heard!["event"] == "reload");
            position = (string)page["position"]!;
        }

        for (var i = 0; i < 50; i++)
        {
            position = (string)(await hub.GetAsync("/api/reports/share"))["position"]!;
            await using var listener = await Listener.ConnectAsync("sse", hub, position);
            Assert.Equal(position, (string?)listener.Welcome["position"]);
            var first = await listener.NextLoggedAsync();
            await listener.HearContiguousAsync(Listener.SeqOf(first) + 1, Listener.SeqOf(first) + 3);
        }

        await stop.CancelAsync();
        await Task.WhenAll(pouring);
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
