using System.Buffers;
using System.Net;
using System.Net.Sockets;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Kestrel's way out to a socket, over a real pair of sockets.</summary>
public sealed class SocketOutputTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _reader = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
    private Socket _writer = null!;
    private SocketOutput _output = null!;

    public async Task InitializeAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        await _reader.ConnectAsync(listener.LocalEndPoint!);
        _writer = await listener.AcceptAsync();
        _writer.Blocking = OperatingSystem.IsWindows();
        _output = new SocketOutput(_writer);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    [Fact]
    public async Task EveryByteArrivesInOrderThroughASlowReader()
    {
        var random = new Random(20261121);
        var sent = new byte[8 * 1024 * 1024];
        random.NextBytes(sent);
        var reading = Task.Run(async () =>
        {
            var received = new byte[sent.Length];
            for (var got = 0; got < received.Length;)
            {
                got += await _reader.ReceiveAsync(received.AsMemory(got, Math.Min(random.Next(1, 60_000), received.Length - got)));
            }

            return received;
        });

        // As its callers do: sometimes several writes to a flush, and not every flush is waited for.
        var sizes = new Random(1);
        var flush = default(ValueTask<System.IO.Pipelines.FlushResult>);
        for (var at = 0; at < sent.Length;)
        {
            var size = Math.Min(sizes.Next(4) == 0 ? sizes.Next(1, 200_000) : sizes.Next(1, 300), sent.Length - at);
            _output.Write(sent.AsSpan(at, size));
            at += size;
            if (sizes.Next(3) == 0) continue;
            flush = _output.FlushAsync();
            if (sizes.Next(2) == 0) Assert.False((await flush.AsTask().WaitAsync(Patience)).IsCompleted);
        }

        _output.Complete();
        Assert.Equal(sent, await reading.WaitAsync(Patience));
        Assert.Equal(0, _output.UnflushedBytes);
    }

    [Fact]
    public async Task AFlushThatWaitsForTheReaderCanBeCanceled()
    {
        _output.Write(new byte[16 * 1024 * 1024]);
        var flush = _output.FlushAsync().AsTask();
        Assert.False(flush.IsCompleted);
        _output.CancelPendingFlush();
        Assert.True((await flush.WaitAsync(Patience)).IsCanceled);

        using var cancel = new CancellationTokenSource();
        _output.Write("more"u8);
        var again = _output.FlushAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again.WaitAsync(Patience));
    }

    [Fact]
    public async Task APeerThatIsGoneEndsTheWriting()
    {
        _output.Write(new byte[16 * 1024 * 1024]);
        var flush = _output.FlushAsync().AsTask();
        _reader.Close(0);
        Assert.True((await flush.WaitAsync(Patience)).IsCompleted);
        _output.Write("more"u8);
        Assert.True((await _output.FlushAsync()).IsCompleted);

        _writer.Dispose();
        _output.Write("more"u8);
        Assert.True((await _output.FlushAsync()).IsCompleted);
    }
}
