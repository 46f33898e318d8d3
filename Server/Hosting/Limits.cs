using System.Net.Sockets;
using System.Text.Json.Serialization;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BeerTap.Server.Hosting;

internal static class Limits
{
    /// <summary>A body may take this long to get going, before <see cref="LimitOptions.BodyBytesPerSecond"/> counts.</summary>
    private static readonly TimeSpan BodyGrace = TimeSpan.FromSeconds(5);

    /// <summary>A peer that vanished without a word is found after 15 s of silence and three unanswered probes, 5 s apart.</summary>
    private const int SilentSeconds = 15, ProbeSeconds = 5, Probes = 3;

    private const int MostUnread = 64 * 1024;

    /// <summary>What a stop takes besides the drain.</summary>
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(10);

    public static void AddLimits(this WebApplicationBuilder builder, LimitOptions limits, IntakeOptions intake, LiveOptions live)
    {
        Framing.RefuseBareLineFeeds();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => KeepAlive(SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint)));
        builder.AddConnectionGate(limits);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(BareConnection.Attach));
            kestrel.Limits.MaxRequestBodySize = intake.MaxBodyBytes;
            kestrel.Limits.MaxRequestHeaderCount = limits.HeaderCount;
            kestrel.Limits.MaxRequestHeadersTotalSize = limits.HeaderBytes;
            kestrel.Limits.MaxRequestLineSize = Math.Min(kestrel.Limits.MaxRequestLineSize, limits.HeaderBytes);

            // What a connection may send unread: behind a request that goes on, or into a body that no endpoint asks for.
            kestrel.Limits.MaxRequestBufferSize = Math.Max(MostUnread, limits.HeaderBytes);
            kestrel.Limits.Http2.InitialStreamWindowSize = MostUnread;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 2 * MostUnread;
            kestrel.Limits.RequestHeadersTimeout = limits.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = limits.KeepAliveTimeout;
            kestrel.Limits.MinRequestBodyDataRate = limits.BodyBytesPerSecond == 0 ? null : new MinDataRate(limits.BodyBytesPerSecond, BodyGrace);
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, BeerTapJson.Default);
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });
        builder.Services.AddSingleton<RequestLimits>();
        builder.Services.AddSingleton<ListenerLimits>();
        builder.Services.AddSingleton<ReadThreads>();
        builder.Services.AddSingleton<ReadLimits>();

        // What waits is committed and answered, then the hub ends. The host's clock runs from the beginning of the drain.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = live.DrainSpread + live.DrainTimeout + StopWithin);
    }

    /// <summary>Bounds the open connections, before Kestrel has them.</summary>
    public static void AddConnectionGate(this WebApplicationBuilder builder, LimitOptions limits)
    {
        builder.Services.AddSingleton(limits);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ConnectionGate>();

        // Kestrel takes the transport that was registered last.
        builder.Services.AddSingleton<IConnectionListenerFactory>(services =>
            new GatedTransport(ActivatorUtilities.CreateInstance<SocketTransportFactory>(services), services.GetRequiredService<ConnectionGate>()));
    }

    /// <summary>Says when the process may open fewer files than the limits ask for.</summary>
    public static void WarnOfDescriptors(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<LimitOptions>();
        if (Descriptors.Limit is not { } files) return;
        var connections = Descriptors.ConnectionsOf(limits, files);
        var listeners = Descriptors.ListenersOf(limits, connections);
        if (limits.Connections > listeners || limits.OpenConnections > connections) Log.FewDescriptors(app.Logger, files, connections, listeners);
    }

    /// <summary>Sets TCP's keep-alive; accepted connections take it over from the socket that listens.</summary>
    private static Socket KeepAlive(Socket listener)
    {
        if (listener.AddressFamily == AddressFamily.Unix) return listener;
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, SilentSeconds);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProbeSeconds);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        return listener;
    }
}
