using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace BeerTap.Server.Replication;

/// <summary>A connection to a stream of RabbitMQ.</summary>
/// <remarks>
/// One channel reads and writes. The broker asks the others for each channel that uses a stream, and that takes it 7 s for each that was cut off in silence: a
/// second channel would seem silent for as long again.
/// </remarks>
internal sealed class RabbitSession : ILogSession
{
    /// <summary>Entries that may be on their way to this hub; the broker sends whole chunks, so it may be more.</summary>
    private const ushort Ahead = 1_000;

    /// <summary>More than a chunk has, so that all of the last one comes.</summary>
    private const ushort AheadAtEnd = 20_000;

    private const string OffsetName = "x-stream-offset";

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1), CloseTimeout = TimeSpan.FromSeconds(1);

    private readonly IConnection _connection;
    private readonly IChannel _channel;
    private readonly string _stream;
    private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RabbitSession(IConnection connection, IChannel channel, string stream, long? entries)
    {
        (_connection, _channel, _stream, Entries) = (connection, channel, stream, entries);
        connection.ConnectionShutdownAsync += Ended;
        channel.ChannelShutdownAsync += Ended;
        channel.BasicReturnAsync += Returned;
    }

    public string Name => $"{_connection.Endpoint.HostName}:{_connection.Endpoint.Port}, stream {_stream}";

    public long? Entries { get; }

    public bool IsNew => Entries is null;

    public Task<string> Closed => _closed.Task;

    /// <summary>Begins to read on a connection, which is the session's own from then on.</summary>
    /// <param name="entries">How many the stream has, about; null when it was made over this connection.</param>
    public static async Task<ILogSession> OpenAsync(IConnection connection, string stream, long? entries, long from, Action<LogDelivery> deliver, CancellationToken cancel)
    {
        var channel = await connection.CreateChannelAsync(cancellationToken: cancel);
        var session = new RabbitSession(connection, channel, stream, entries);
        await session.ReadAsync(channel, Ahead, from, deliver, cancel);
        return session;
    }

    public async Task AppendAsync(ReadOnlyMemory<byte> entry, CancellationToken cancel)
    {
        try
        {
            // Mandatory: while the brokers that hold the stream come back, one that does not know it yet would take the entry and drop it.
            await _channel.BasicPublishAsync("", _stream, mandatory: true, new BasicProperties { Persistent = true, ContentType = "application/json" }, entry, cancel);
        }
        catch (Exception fault) when (fault is not IOException && !cancel.IsCancellationRequested)
        {
            // The client has many words for it, among them time-outs of its own.
            throw new IOException(fault.Message, fault);
        }
    }

    public async Task<IReadOnlyList<LogDelivery>> ReadEndAsync(CancellationToken cancel)
    {
        try
        {
            // Once it has asked, the client waits for the answer whatever its token says.
            return await CollectEndAsync(cancel).WaitAsync(cancel);
        }
        catch (Exception fault) when (fault is not IOException && !cancel.IsCancellationRequested)
        {
            // The client has many words for it, among them time-outs of its own.
            throw new IOException(fault.Message, fault);
        }
    }

    private async Task<IReadOnlyList<LogDelivery>> CollectEndAsync(CancellationToken cancel)
    {
        var found = new List<LogDelivery>();
        await using (var channel = await _connection.CreateChannelAsync(cancellationToken: cancel))
        {
            await ReadAsync(channel, AheadAtEnd, "last", delivery =>
            {
                lock (found) found.Add(delivery);
            }, cancel);

            // Nothing says which entry is the last: what comes within this time is what there is.
            await Task.Delay(EndTimeout, TimeProvider.System, cancel);
        }

        lock (found) return [.. found];
    }

    public void Took(LogDelivery delivery) => _ = AckAsync(delivery.Tag);

    /// <summary>Nobody waits for the end: with a broker that hangs the client takes 5 s to close, and the next connection must not.</summary>
    public ValueTask DisposeAsync()
    {
        _closed.TrySetResult("the hub closed it");
        _ = EndAsync(_connection);
        return default;
    }

    /// <summary>Closes a connection, with little patience: its broker may be gone.</summary>
    public static async Task EndAsync(IConnection connection)
    {
        try
        {
            await connection.CloseAsync(CloseTimeout);
        }
        catch (Exception fault) when (fault is IOException or AlreadyClosedException or OperationInterruptedException or OperationCanceledException or ObjectDisposedException or TimeoutException)
        {
            // Closed is closed.
        }

        await connection.DisposeAsync();
    }

    private async Task ReadAsync(IChannel channel, ushort ahead, object from, Action<LogDelivery> deliver, CancellationToken cancel)
    {
        channel.ContinuationTimeout = RabbitStream.UseTimeout;
        await channel.BasicQosAsync(0, ahead, global: false, cancel);
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, message) =>
        {
            if (message.BasicProperties.Headers?.TryGetValue(OffsetName, out var offset) is not true || offset is not long place)
            {
                _closed.TrySetResult($"{_stream} is a queue and no stream; give the log a name of its own (Log:Stream)");
                return Task.CompletedTask;
            }

            // What the broker lends must be copied before the handler is done.
            deliver(new LogDelivery(this, place, message.Body.ToArray(), message.DeliveryTag));
            return Task.CompletedTask;
        };
        consumer.UnregisteredAsync += (_, _) =>
        {
            if (channel == _channel) _closed.TrySetResult("the broker stopped to send the stream");
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(_stream, autoAck: false, consumerTag: "", noLocal: false, exclusive: false, new Dictionary<string, object?> { [OffsetName] = from }, consumer, cancel);
    }

    private async Task AckAsync(ulong tag)
    {
        try
        {
            await _channel.BasicAckAsync(tag, multiple: true);
        }
        catch (Exception fault)
        {
            // The connection is over, and with it what the broker awaits.
            _closed.TrySetResult(fault.Message);
        }
    }

    private Task Ended(object sender, ShutdownEventArgs why)
    {
        _closed.TrySetResult(why.ReplyText);
        return Task.CompletedTask;
    }

    private Task Returned(object sender, BasicReturnEventArgs returned)
    {
        _closed.TrySetResult("the broker does not know the stream at the moment");
        return Task.CompletedTask;
    }
}
