using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace BeerTap.Server.Tests.Live;

/// <summary>A WebSocket client that receives whole text messages.</summary>
internal sealed class TestSocket : IDisposable
{
    public ClientWebSocket Socket { get; } = new();

    public static Uri Address(Uri hub, string pathAndQuery) => new UriBuilder(new Uri(hub, pathAndQuery)) { Scheme = "ws" }.Uri;

    public async Task OpenAsync(Uri address, CancellationToken cancel, params string[] subProtocols)
    {
        foreach (var subProtocol in subProtocols) Socket.Options.AddSubProtocol(subProtocol);
        Socket.Options.CollectHttpResponseDetails = true;
        await Socket.ConnectAsync(address, cancel);
    }

    public Task SendAsync(string text) =>
        Socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    /// <summary>Messages until the hub closes; the close is answered.</summary>
    public async IAsyncEnumerable<string> MessagesAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        using var message = new MemoryStream();
        while (true)
        {
            var received = await Socket.ReceiveAsync(buffer.AsMemory(), cancel);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await Socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancel);
                yield break;
            }

            message.Write(buffer, 0, received.Count);
            if (!received.EndOfMessage) continue;
            yield return Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length);
            message.SetLength(0);
        }
    }

    public void Dispose() => Socket.Dispose();
}
