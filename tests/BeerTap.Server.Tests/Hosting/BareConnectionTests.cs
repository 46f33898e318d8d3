using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using BeerTap.Server.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>A connection that goes on without the request that opened it, with Kestrel below and above.</summary>
public sealed class BareConnectionTests : IAsyncLifetime, IDisposable
{
    private const string Request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _wentOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;
    private WeakReference? _http;
    private bool _refused;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_app is not null) await _app.DisposeAsync();
    }

    public void Dispose() => _socket.Dispose();

    [Fact]
    public async Task WhatGoesOnHasTheConnectionToItself()
    {
        await StartAsync(Echo);
        await SayAsync(Request + "behind the request");
        var heard = await HearAsync("behind the request");
        await SayAsync("later");
        heard += await HearAsync("later");

        // Kestrel would have ended the answer with a chunk of no length, and answered what is no request with one of its own.
        Assert.EndsWith("\r\n\r\nbehind the requestlater", heard, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", heard, StringComparison.Ordinal);
        Assert.Single(heard.Split("HTTP/1.1"), part => part.Length > 0);
    }

    [Fact]
    public async Task TheRequestIsLetGoOf()
    {
        await StartAsync(Echo);
        await SayAsync(Request + "cheers");
        await HearAsync("cheers");
        using var patience = new CancellationTokenSource(Listener.Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (_http!.IsAlive)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await poll.WaitForNextTickAsync(patience.Token);
        }

        // The connection is there all the same.
        await SayAsync("still here");
        await HearAsync("still here");
    }

    [Fact]
    public async Task TheEndIsToldWhenTheClientIsGone()
    {
        await StartAsync(connection => connection.Input.SaysAsync());
        await SayAsync(Request);
        await _wentOn.Task.WaitAsync(Listener.Patience);
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
        await _ended.Task.WaitAsync(Listener.Patience);
    }

    [Fact]
    public async Task TheEndIsToldWhenWhatGoesOnFails()
    {
        await StartAsync(_ => throw new InvalidOperationException("No beer."));
        await SayAsync(Request);
        await _ended.Task.WaitAsync(Listener.Patience);
        await UntilOverAsync();
    }

    [Fact]
    public async Task TheEndIsToldWhenTheHubCuts()
    {
        await StartAsync(async connection =>
        {
            connection.Abort("Enough.");
            await connection.Input.SaysAsync();
        });
        await SayAsync(Request);
        await _ended.Task.WaitAsync(Listener.Patience);
        await UntilOverAsync();
    }

    [Fact]
    public async Task WhatIsOnItsWayGoesOutBeforeTheEnd()
    {
        var beer = new string('b', 8 * 1024 * 1024);
        var sent = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        await StartAsync(connection =>
        {
            sent.SetResult(Task.WhenAll(connection.Output.SendAsync(Encoding.ASCII.GetBytes(beer)).AsTask(), connection.Output.SendAsync("last"u8).AsTask()));
            return Task.CompletedTask;
        });
        await SayAsync(Request);
        var heard = await HearAsync("last");
        Assert.EndsWith(beer + "last", heard, StringComparison.Ordinal);
        await UntilOverAsync();
        await (await sent.Task).WaitAsync(Listener.Patience);
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbeer")]
    public async Task ARequestThatIsNotOverWithItsHeadKeepsItsConnection(string request)
    {
        await StartAsync(Echo);
        await SayAsync(request);
        await UntilOverAsync();
        Assert.True(_refused);
        Assert.False(_wentOn.Task.IsCompleted);
    }

    private static async Task Echo(BareConnection connection)
    {
        while (await connection.Input.SaysAsync())
        {
            var read = await connection.Input.ReadAsync();
            await connection.Output.SendAsync(read.Buffer.ToArray());
            connection.Input.AdvanceTo(read.Buffer.End);
        }
    }

    private async Task StartAsync(Func<BareConnection, Task> goOn)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Use(BareConnection.Attach));
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        _app = builder.Build();
        _app.Run(http => AnswerAsync(http, goOn));
        await _app.StartAsync();
        await _socket.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port);
    }

    private async Task AnswerAsync(HttpContext http, Func<BareConnection, Task> goOn)
    {
        if (BareConnection.For(http) is not { } connection)
        {
            _refused = true;
            return;
        }

        http.Response.Headers.Connection = "close";
        await http.Response.StartAsync();
        await http.Response.Body.FlushAsync();
        TakeOver(http, connection, goOn);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TakeOver(HttpContext http, BareConnection connection, Func<BareConnection, Task> goOn)
    {
        // Kestrel's own request: everything else hangs on it.
        _http = new WeakReference(http.Features.Get<IHttpRequestFeature>());
        connection.TakeOver(http, () =>
        {
            _wentOn.SetResult();
            return goOn(connection);
        });
        connection.AtEnd(_ended.SetResult);
        Assert.Same(connection, BareConnection.TakenBy(http));
    }

    private async Task SayAsync(string text) => await _socket.SendAsync(Encoding.ASCII.GetBytes(text));

    private async Task<string> HearAsync(string words)
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        var (heard, buffer) = (new StringBuilder(), new byte[64 * 1024]);
        while (!heard.ToString().EndsWith(words, StringComparison.Ordinal))
        {
            var read = await _socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            if (read == 0) throw new IOException($"The connection ended after: {heard}");
            heard.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return heard.ToString();
    }

    private async Task UntilOverAsync()
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        var buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer.AsMemory(), patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Cut.
        }
    }
}
