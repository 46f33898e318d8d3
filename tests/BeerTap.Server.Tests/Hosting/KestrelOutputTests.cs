using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BeerTap.Server.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Kestrel's way out to a socket, with Kestrel above it.</summary>
public sealed class KestrelOutputTests
{
    [Fact]
    public async Task AListenerThatFloodsAndIsGoneIsLetGoOf()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=hub", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(BareConnection.Attach));
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(certificate));
        });
        await using var app = builder.Build();
        app.Run(async http =>
        {
            using var aborted = http.RequestAborted.Register(ended.SetResult);
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            while (!ended.Task.IsCompleted)
            {
                await http.Response.WriteAsync("beer");
                await http.Response.Body.FlushAsync();
                begun.TrySetResult();
                await beat.WaitForNextTickAsync();
            }
        });
        await app.StartAsync();

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.Single()).Port);
        await using var secure = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false, (_, shown, _, _) => shown!.GetCertHashString() == certificate.GetCertHashString());
        await secure.AuthenticateAsClientAsync("hub");
        await secure.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        await begun.Task.WaitAsync(Listener.Patience);

        // More than the server reads ahead: it no longer reads when the connection ends.
        socket.SendTimeout = 1000;
        Assert.Throws<IOException>(() => secure.Write(new byte[32 * 1024 * 1024]));
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
        await ended.Task.WaitAsync(Listener.Patience);
    }

    [Fact]
    public async Task WhatWasWrittenAndNotFlushedGoesOutWithTheEndOfTheConnection()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(BareConnection.Attach));
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Run(connection =>
            {
                connection.Transport.Output.Write("cheers"u8);
                return Task.CompletedTask;
            }));
        });
        await using var app = builder.Build();
        await app.StartAsync();

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(app.Urls.Single()).Port);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        Assert.Equal("cheers", await reader.ReadToEndAsync().WaitAsync(Listener.Patience));
    }
}
