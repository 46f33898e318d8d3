using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace BeerTap.Client;

/// <summary>Gives SignalR its connections: a WebSocket straight to the hub, with no negotiation before it.</summary>
internal sealed class SocketConnectionFactory : IConnectionFactory
{
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var address = ((UriEndPoint)endpoint).Uri;
        return new SocketConnection(await FeedSocket.OpenAsync(address, subProtocol: null, cancellationToken));
    }
}

/// <summary>
/// A WebSocket as the pair of pipes SignalR reads and writes: one loop carries what is received, one what is sent. Either
/// end closes both: the receiving loop ends with the hub's close, the sending loop when SignalR completes its side.
/// </summary>
internal sealed class SocketConnection : ConnectionContext
{
    /// <summary>How long the hub has to answer our close.</summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);

    private readonly ClientWebSocket _socket;
    private readonly Pipe _received = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Pipe _toSend = new(new PipeOptions(useSynchronizationContext: false));
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _running;

    public SocketConnection(ClientWebSocket socket)
    {
        _socket = socket;
        Transport = new Sides(_received.Reader, _toSend.Writer);
        _running = Task.WhenAll(ReceiveAsync(), SendAsync());
    }

    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    public override void Abort(ConnectionAbortedException abortReason) => _closed.Cancel();

    public override async ValueTask DisposeAsync()
    {
        await Transport.Output.CompleteAsync();
        await Transport.Input.CompleteAsync();
        _closed.CancelAfter(ClosePatience);
        await _running;
        _socket.Dispose();
        _closed.Dispose();
        await base.DisposeAsync();
    }

    // The fault that ended the socket goes to SignalR through the pipe, which is where it looks for it.
    private async Task ReceiveAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var message = await _socket.ReceiveAsync(_received.Writer.GetMemory(), _closed.Token);
                if (message.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                _received.Writer.Advance(message.Count);
                if ((await _received.Writer.FlushAsync(CancellationToken.None)).IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception thrown) when (thrown is WebSocketException or OperationCanceledException or IOException)
        {
            fault = thrown is OperationCanceledException ? null : new IOException(thrown.Message, thrown);
        }

        await _received.Writer.CompleteAsync(fault);
        _toSend.Reader.CancelPendingRead();
    }

    private async Task SendAsync()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var read = await _toSend.Reader.ReadAsync(CancellationToken.None);
                foreach (var part in read.Buffer)
                {
                    await _socket.SendAsync(part, WebSocketMessageType.Text, endOfMessage: true, _closed.Token);
                }

                _toSend.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled)
                {
                    break;
                }
            }

            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _closed.Token);
            }
        }
        catch (Exception thrown) when (thrown is WebSocketException or OperationCanceledException or IOException)
        {
            fault = new IOException(thrown.Message, thrown);
        }

        await _toSend.Reader.CompleteAsync(fault);
    }

    private sealed class Sides(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
