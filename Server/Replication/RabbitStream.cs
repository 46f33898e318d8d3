using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace BeerTap.Server.Replication;

/// <summary>
/// A stream of RabbitMQ as the log: a durable queue of the type <c>stream</c>, which brokers replicate by Raft and keep on disk. An entry is a message;
/// consumers get it once a majority of the brokers has it.
/// </summary>
/// <remarks>
/// Connections are made anew by hand, not recovered by the client: what must be sent again is known better here. After a broker's leader was
/// paused a channel may never learn of the new one, so whoever sees that nothing comes through takes another connection, and with it another broker.
/// </remarks>
internal sealed class RabbitStream(ReplicationOptions options) : ILogStream
{
    /// <summary>The client notices a broker that hangs after three of them; what does not come back is noticed sooner.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(4), ConnectTimeout = TimeSpan.FromSeconds(3), AnswerTimeout = TimeSpan.FromSeconds(10);

    private const ushort NotFound = 404, PreconditionFailed = 406;

    /// <summary>A broker that accepts and then stays silent must not keep this hub from the others.</summary>
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// One that has let this hub in asks the others before the stream may be used through it. It asks those first that were cut off in silence, and gives up on each
    /// after 7 s (Erlang's <c>net_setuptime</c>), so that each broker would seem silent while one is cut off.
    /// </summary>
    public static readonly TimeSpan UseTimeout = TimeSpan.FromSeconds(20);

    // The one to begin with: after a connection was cut, the next one.
    private int _next = Random.Shared.Next(1_000);

    public async Task<ILogSession> OpenAsync(long from, Action<LogDelivery> deliver, CancellationToken cancel)
    {
        var endpoints = Endpoints();
        var faults = new List<string>();
        var first = _next++;
        for (var i = 0; i < endpoints.Count; i++)
        {
            var endpoint = endpoints[(first + i) % endpoints.Count];
            try
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                patience.CancelAfter(OpenTimeout);
                return await OpenAsync(endpoint, from, deliver, patience);
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)
            {
                faults.Add($"{endpoint.HostName}:{endpoint.Port}: {Explain(fault)}");
            }
        }

        cancel.ThrowIfCancellationRequested();

        // In one order, whichever came first: the same words are told once.
        var told = string.Join("; ", faults.Order(StringComparer.Ordinal));
        throw new IOException(told + Advice(told));
    }

    private async Task<ILogSession> OpenAsync(AmqpTcpEndpoint endpoint, long from, Action<LogDelivery> deliver, CancellationTokenSource patience)
    {
        var connection = await Factory().CreateConnectionAsync([endpoint], HubName(options), patience.Token);
        patience.CancelAfter(UseTimeout);
        try
        {
            // Once it has asked, the client waits for the answer whatever its token says.
            var entries = await DeclareAsync(connection, mayMake: from == 0, patience.Token).WaitAsync(patience.Token);
            return await RabbitSession.OpenAsync(connection, options.Stream, entries, from, deliver, patience.Token).WaitAsync(patience.Token);
        }
        catch
        {
            _ = RabbitSession.EndAsync(connection);
            throw;
        }
    }

    /// <summary>What a hub is called where several are listed.</summary>
    public static string HubName(ReplicationOptions options) => options.Hub.Length > 0 ? options.Hub : Environment.MachineName;

    public ConnectionFactory Factory()
    {
        var first = new Uri(options.Addresses()[0]);
        var factory = new ConnectionFactory
        {
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = ConnectTimeout,
            SocketReadTimeout = AnswerTimeout,
            SocketWriteTimeout = AnswerTimeout,
            ContinuationTimeout = AnswerTimeout,
            HandshakeContinuationTimeout = AnswerTimeout,
        };
        if (first.AbsolutePath.Length > 1) factory.VirtualHost = Uri.UnescapeDataString(first.AbsolutePath[1..]);
        var user = first.UserInfo.Split(':', 2);
        if (user[0].Length > 0) factory.UserName = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) factory.Password = Uri.UnescapeDataString(user[1]);
        if (options.UserName.Length > 0) factory.UserName = options.UserName;
        if (options.PasswordFile.Length > 0) factory.Password = File.ReadAllText(options.PasswordFile).Trim();
        return factory;
    }

    public List<AmqpTcpEndpoint> Endpoints() =>
        [.. options.Addresses().Select(address => new Uri(address)).Select(address => new AmqpTcpEndpoint(address.Host, address.IsDefaultPort || address.Port < 0 ? AmqpTcpEndpoint.UseDefaultPort : address.Port, Tls(address)))];

    private SslOption Tls(Uri address)
    {
        var tls = new SslOption { Enabled = address.Scheme == "amqps", ServerName = address.Host };
        if (tls.Enabled && options.CaFile.Length > 0)
        {
            var authorities = new X509Certificate2Collection();
            try
            {
                authorities.ImportFromPemFile(options.CaFile);
            }
            catch (CryptographicException fault)
            {
                throw new IOException($"Log:CaFile '{options.CaFile}' holds no certificates that can be read: {fault.Message}", fault);
            }

            tls.CertificateValidationCallback = (_, certificate, _, errors) => IsOf(authorities, certificate, errors);
        }

        return tls;
    }

    private static bool IsOf(X509Certificate2Collection authorities, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 own || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(own);
    }

    /// <summary>Makes the stream if it is not there; else gives about how many entries it has.</summary>
    /// <param name="mayMake">Not where this hub has applied entries of it: then it is lost, or its brokers are away.</param>
    private async Task<long?> DeclareAsync(IConnection connection, bool mayMake, CancellationToken cancel)
    {
        try
        {
            await using var look = await connection.CreateChannelAsync(cancellationToken: cancel);
            return (await look.QueueDeclarePassiveAsync(options.Stream, cancel)).MessageCount;
        }
        catch (OperationInterruptedException fault) when (mayMake && fault.ShutdownReason is { ReplyCode: NotFound } reason && reason.ReplyText.Contains("no queue", StringComparison.Ordinal))
        {
            // The brokers say so too, in other words, while those that hold it are away.
        }

        try
        {
            await using var make = await connection.CreateChannelAsync(cancellationToken: cancel);
            var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "stream", ["x-queue-leader-locator"] = "least-leaders" };
            if (options.MaxAge.Length > 0) arguments["x-max-age"] = options.MaxAge;
            await make.QueueDeclareAsync(options.Stream, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancel);
        }
        catch (OperationInterruptedException fault) when (fault.ShutdownReason?.ReplyCode == PreconditionFailed)
        {
            // Another hub made it meanwhile, with other settings; those of the first hold.
        }

        return null;
    }

    /// <summary>The reason below the client's own words.</summary>
    private static string Explain(Exception fault) => fault switch
    {
        BrokerUnreachableException { InnerException: AggregateException several } => string.Join("; ", several.Flatten().InnerExceptions.Select(Innermost).Distinct()),
        OperationInterruptedException { ShutdownReason: { } reason } => reason.ReplyText,
        OperationCanceledException => "no answer in time",
        _ => Innermost(fault),
    };

    /// <summary>What is to be done about the most common, once for all brokers.</summary>
    private static string Advice(string faults) =>
        faults.Contains("ACCESS_REFUSED", StringComparison.Ordinal) ? ". Check the user in Log:ConnectionString or Log:UserName, and Log:PasswordFile"
        : faults.Contains("NOT_FOUND - no queue", StringComparison.Ordinal) ? ". It was there when this hub last read it: if it does not come back with the brokers, see the runbook, 'The brokers lost the log'"
        : "";

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner) fault = inner;
        return fault.Message;
    }
}
