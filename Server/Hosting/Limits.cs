using System.Net.Sockets;
using System.Text.Json.Serialization;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace BeerTap.Server.Hosting;

internal static class Limits
{
    /// <summary>A peer that vanished without a word is found after 15 s of silence and three unanswered probes, 5 s apart.</summary>
    private const int SilentSeconds = 15, ProbeSeconds = 5, Probes = 3;

    public static void AddLimits(this WebApplicationBuilder builder, IntakeOptions options)
    {
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => KeepAlive(SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint)));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        });
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, BeerTapJson.Default);
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
        });

        // What waits is committed and answered, then the hub ends.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(10));
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
