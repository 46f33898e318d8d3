using System.Net;
using System.Net.Sockets;
using System.Text;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Live;

/// <summary>A listener may be as slow as it likes: it holds back nobody, and is cut only when it takes nothing at all.</summary>
public sealed class SlowListenerTests
{
    // 30,000 events are 4.5 MB over these two, more than a socket's buffers take. The plain text of as many would fit into them.
    private static readonly string[] Openings =
    [
        "GET /api/events/stream?after=earliest HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /sockets/beers?after=earliest HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: beertap.v1\r\n\r\n",
    ];

    [Fact]
    public async Task OneThatTakesNothingIsCutAndTheOthersHearEverything()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:StallTimeout=00:00:02", "--Live:RingEvents=256", "--Live:Ping=00:01:00");
        var stuck = new List<TcpClient>();
        try
        {
            foreach (var opening in Openings) stuck.Add(await ConnectWithoutReadingAsync(hub, opening));
            await using var listener = await Listener.ConnectAsync("websocket", hub);
            await hub.UntilConnectionsAsync(3);

            await PourManyAsync(hub, batches: 60);

            await listener.HearContiguousAsync(1, 60 * 500);
            await hub.UntilConnectionsAsync(1);
        }
        finally
        {
            stuck.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task OneThatReadsAgainStillHearsEverythingInOrder()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:RingEvents=256");
        using var client = await ConnectWithoutReadingAsync(hub, Openings[0]);
        await hub.UntilConnectionsAsync(1);

        await PourManyAsync(hub, batches: 60);

        using var lines = new StreamReader(client.GetStream(), Encoding.UTF8);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (var seq = 1; seq <= 60 * 500;)
        {
            var line = await lines.ReadLineAsync(patience.Token);
            Assert.NotNull(line);
            if (!line.Contains("\"event\":\"beerPoured\"", StringComparison.Ordinal)) continue;
            Assert.Contains($"\"id\":{seq},", line, StringComparison.Ordinal);
            seq++;
        }
    }

    [Theory]
    [InlineData("signalr")]
    [InlineData("websocket")]
    public async Task OneThatPausesLongerThanPingsAndSendsMayTakeHearsEverythingAllTheSame(string transport)
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:RingEvents=256", "--Live:Ping=00:00:02");
        using var socket = new TestSocket();
        await socket.OpenAsync(TestSocket.Address(hub.Address, transport == "signalr" ? "/hubs/taps?after=earliest" : "/sockets/beers?after=earliest"), default, transport == "signalr" ? [] : ["beertap.v1"]);
        if (transport == "signalr") await socket.SendAsync("{\"protocol\":\"json\",\"version\":1}\u001e");
        await hub.UntilConnectionsAsync(1);
        await PourManyAsync(hub, batches: 60);

        // The pause itself is what is tested: longer than SignalR lets one send take by itself (10 s), and than any number of pings.
        using var pause = new PeriodicTimer(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 6; i++)
        {
            await pause.WaitForNextTickAsync();
            if (transport == "signalr") await socket.SendAsync("{\"type\":6}\u001e");
        }

        var seq = 0;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var message in socket.MessagesAsync(patience.Token))
        {
            foreach (var heard in message.Split('\n', '\u001e').Where(text => text.Contains("\"event\":\"beerPoured\"", StringComparison.Ordinal)))
                Assert.Contains($"\"id\":{++seq},", heard, StringComparison.Ordinal);
            if (seq == 60 * 500) break;
        }

        Assert.Equal(60 * 500, seq);
    }

    [Fact]
    public async Task AHubWithAStuckListenerStopsInItsTimeAllTheSame()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:DrainTimeout=00:00:01", "--Live:RingEvents=256");
        using var stuck = await ConnectWithoutReadingAsync(hub, Openings[0]);
        await hub.UntilConnectionsAsync(1);
        await PourManyAsync(hub, batches: 60);

        // Far below the 10 s after which the host would cut it.
        await hub.StopAsync().WaitAsync(TimeSpan.FromSeconds(7));
    }

    private static async Task<TcpClient> ConnectWithoutReadingAsync(HubUnderTest hub, string opening)
    {
        // A small receive buffer, so that the hub soon finds the connection full.
        var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(IPAddress.Loopback, hub.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(opening));
        return client;
    }

    private static async Task PourManyAsync(HubUnderTest hub, int batches)
    {
        var pours = string.Join(',', Enumerable.Repeat("""{"tapId":1,"volume":200.5}""", 500));
        for (var i = 0; i < batches; i++)
        {
            using var answer = await hub.Http.PostAsync("/api/beers/batch", $$"""{"beers":[{{pours}}]}""".AsJson());
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }
}
