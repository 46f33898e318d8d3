using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace BeerTap.Server.Replication;

/// <summary>
/// The hubs' words to each other over a fanout exchange of RabbitMQ beside the stream. Each hub hears them from a queue that ends with its connection
/// and keeps a word for seconds. The connection is its own: what goes wrong here must not touch the log.
/// </summary>
internal sealed class RabbitPresence(ReplicationOptions options) : IPresenceChannel
{
    /// <summary>A word that waited longer says nothing any more.</summary>
    private const int WordLivesMs = 4_000;

    /// <summary>Beyond these the oldest go: a hub that does not read costs the brokers little.</summary>
    private const int MostWords = 1_000;

    /// <summary>For each broker: one that hangs is left alone.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);

    public async Task<IPresenceSession> OpenAsync(Action<ReadOnlyMemory<byte>> deliver, CancellationToken cancel)
    {
        var connection = await ConnectAsync(cancel);
        try
        {
            // Made anew each time: after the loss of most brokers it is gone.
            var exchange = options.Stream + ".presence";
            var channel = await connection.CreateChannelAsync(cancellationToken: cancel);
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: false, autoDelete: false, cancellationToken: cancel);
            var arguments = new Dictionary<string, object?> { ["x-message-ttl"] = WordLivesMs, ["x-max-length"] = MostWords };
            var queue = await channel.QueueDeclareAsync("", durable: false, exclusive: true, autoDelete: true, arguments, cancellationToken: cancel);
            await channel.QueueBindAsync(queue.QueueName, exchange, "", cancellationToken: cancel);
            var session = new Session(connection, channel, exchange);
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, message) =>
            {
                deliver(message.Body);
                return Task.CompletedTask;
            };
            await channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, cancel);
            return session;
        }
        catch (Exception fault)
        {
            await RabbitSession.EndAsync(connection);
            cancel.ThrowIfCancellationRequested();
            throw new IOException(fault.Message, fault);
        }
    }

    private async Task<IConnection> ConnectAsync(CancellationToken cancel)
    {
        var stream = new RabbitStream(options);
        var endpoints = stream.Endpoints().ToArray();
        Random.Shared.Shuffle(endpoints);
        Exception? last = null;
        foreach (var endpoint in endpoints)
        {
            // The client's own time-outs do not end the wait for one that takes the connection and then says nothing.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(ConnectTimeout);
            try
            {
                return await stream.Factory().CreateConnectionAsync([endpoint], RabbitStream.HubName(options), patience.Token);
            }
            catch (Exception fault)
            {
                // Whatever it is, also a password file that cannot be read: the hub serves without knowing of the others, and tries again.
                cancel.ThrowIfCancellationRequested();
                last = fault;
            }
        }

        throw new IOException(last!.InnerException?.Message ?? last.Message, last);
    }

    private sealed class Session : IPresenceSession
    {
        private readonly IConnection _connection;
        private readonly IChannel _channel;
        private readonly string _exchange;
        private readonly TaskCompletionSource<string> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Session(IConnection connection, IChannel channel, string exchange)
        {
            (_connection, _channel, _exchange) = (connection, channel, exchange);
            connection.ConnectionShutdownAsync += Ended;
            channel.ChannelShutdownAsync += Ended;
        }

        public Task<string> Closed => _closed.Task;

        public async Task SayAsync(ReadOnlyMemory<byte> word, CancellationToken cancel)
        {
            try
            {
                await _channel.BasicPublishAsync(_exchange, "", mandatory: false, new BasicProperties { ContentType = "application/json" }, word, cancel);
            }
            catch (Exception fault) when (fault is AlreadyClosedException or OperationInterruptedException or ObjectDisposedException)
            {
                throw new IOException(fault.Message, fault);
            }
        }

        public async ValueTask DisposeAsync() => await RabbitSession.EndAsync(_connection);

        private Task Ended(object sender, ShutdownEventArgs why)
        {
            _closed.TrySetResult(why.ReplyText);
            return Task.CompletedTask;
        }
    }
}
