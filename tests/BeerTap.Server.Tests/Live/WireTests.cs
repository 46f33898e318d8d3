using System.Net.WebSockets;
using System.Text;
using BeerTap.Server.Live;

namespace BeerTap.Server.Tests.Live;

/// <summary>The stream below a WebSocket, when the socket itself has something to say.</summary>
public sealed class WireTests : IDisposable
{
    private readonly MemoryStream _below = new();
    private readonly Wire _wire;
    private readonly WebSocket _socket;

    public WireTests()
    {
        _wire = new Wire(_below);
        _socket = WebSocket.CreateFromStream(_wire, new WebSocketCreationOptions { IsServer = true });
    }

    public void Dispose()
    {
        _socket.Dispose();
        _wire.Dispose();
        _below.Dispose();
    }

    [Fact]
    public async Task NothingComesBetweenThePartsOfAMessageThatTheSocketCuts()
    {
        await SayAsync("wel", isEnd: false);
        await _wire.WriteFramesAsync(Frame("beer"));
        await SayAsync("come", isEnd: false);
        await SayAsync("", isEnd: true);
        await _wire.WriteFramesAsync(Frame("report"));

        Assert.Equal(["beer", "welcome", "report"], await HeardAsync(3));
    }

    [Fact]
    public async Task AMessageHasPassedWhenItsLastPartHas()
    {
        var passed = _wire.PassedAsync("welcome"u8);
        await SayAsync("{}", isEnd: true);
        await SayAsync("welcome", isEnd: false);
        Assert.False(passed.IsCompleted);
        await SayAsync("", isEnd: true);
        await passed.WaitAsync(Listener.Patience);
        Assert.Equal(["{}", "welcome"], await HeardAsync(2));
    }

    [Fact]
    public async Task NothingComesAfterAClose()
    {
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        var length = _below.Length;
        await _wire.WriteFramesAsync(Frame("beer"));
        Assert.Equal(length, _below.Length);
    }

    private Task SayAsync(string text, bool isEnd) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, isEnd, CancellationToken.None);

    private static byte[] Frame(string text) => [0x81, (byte)text.Length, .. Encoding.UTF8.GetBytes(text)];

    /// <summary>The messages as a client understands them.</summary>
    private async Task<List<string>> HeardAsync(int count)
    {
        using var received = new MemoryStream();
        await received.WriteAsync(_below.ToArray());
        received.Position = 0;
        using var client = WebSocket.CreateFromStream(received, new WebSocketCreationOptions());
        var messages = new List<string>();
        var buffer = new byte[4096];
        while (messages.Count < count)
        {
            var text = "";
            ValueWebSocketReceiveResult part;
            do
            {
                part = await client.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                text += Encoding.UTF8.GetString(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            messages.Add(text);
        }

        return messages;
    }
}
