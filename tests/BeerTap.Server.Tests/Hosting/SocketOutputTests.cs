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
        var straight = 0;
        for (var at = 0; at < sent.Length;)
        {
            var size = Math.Min(sizes.Next(4) == 0 ? sizes.Next(1, 200_000) : sizes.Next(1, 300), sent.Length - at);
            if (sizes.Next(3) == 0 && _output.TrySend(sent.AsMemory(at, size), out var sending))
            {
                straight++;
                at += size;
                if (sizes.Next(2) == 0) await sending.AsTask().WaitAsync(Patience);
                continue;
            }

            _output.Write(sent.AsSpan(at, size));
            at += size;
            if (sizes.Next(3) == 0) continue;
            flush = _output.FlushAsync();
            if (sizes.Next(2) == 0) Assert.False((await flush.AsTask().WaitAsync(Patience)).IsCompleted);
        }

        _output.Complete();
        Assert.Equal(sent, await reading.WaitAsync(Patience));
        Assert.Equal(0, _output.UnflushedBytes);
        Assert.True(straight > 0, "nothing went straight to the socket");
    }

    [Fact]
    public async Task NothingGoesPastWhatSomebodyIsWriting()
    {
        _output.GetSpan(3)[0] = (byte)'a';
        Assert.False(_output.TrySend("x"u8.ToArray(), out _));
        _output.Advance(1);
        Assert.False(_output.TrySend("x"u8.ToArray(), out _));
        await _output.FlushAsync();
        Assert.True(_output.TrySend("b"u8.ToArray(), out var sending));
        await sending;

        // Too much for the system: the rest is on its way, and all others queue behind it.
        Assert.True(_output.TrySend(new byte[16 * 1024 * 1024], out sending));
        Assert.False(sending.IsCompleted);
        Assert.False(_output.TrySend("x"u8.ToArray(), out _));
        _output.Write("c"u8);
        var flush = _output.FlushAsync();
        var received = new byte[16 * 1024 * 1024 + 3];
        for (var got = 0; got < received.Length;) got += await _reader.ReceiveAsync(received.AsMemory(got)).AsTask().WaitAsync(Patience);
        Assert.Equal(("ab", 'c'), (System.Text.Encoding.ASCII.GetString(received, 0, 2), (char)received[^1]));
        await sending.AsTask().WaitAsync(Patience);
        await flush.AsTask().WaitAsync(Patience);
        Assert.True(_output.TrySend("d"u8.ToArray(), out _));
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
        Assert.True(_output.TrySend("more"u8.ToArray(), out var sending));
        Assert.True(sending.IsCompletedSuccessfully);
    }
}
