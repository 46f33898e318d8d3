using System.Net;
using System.Net.Sockets;

namespace BeerTap.Stress.Fuzz;

/// <summary>A bare connection to the hub, that takes its answers apart.</summary>
internal sealed class Wire(Uri hub) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static int _source;

    // Closed without a goodbye, so that millions of connections leave no ports behind that wait.
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
    private byte[] _buffer = new byte[16 * 1024];
    private int _from, _to;

    /// <summary>The hub has ended its side, or cut the connection.</summary>
    public bool Ended { get; private set; }

    /// <summary>The connection was cut: what was under way may be lost.</summary>
    public bool Cut { get; private set; }

    public ReadOnlyMemory<byte> Received => _buffer.AsMemory(_from, _to - _from);

    public async Task ConnectAsync(CancellationToken cancel)
    {
        // Each from another address of this machine: one alone has too few ports.
        var source = Interlocked.Increment(ref _source) & 0xffff;
        _socket.Bind(new IPEndPoint(new IPAddress([127, 1, (byte)(source >> 8), (byte)source]), 0));
        await _socket.ConnectAsync(IPAddress.Parse(hub.Host), hub.Port, cancel);
    }

    /// <summary>Sends while the answers are read; that the hub hangs up meanwhile is for the reader to judge.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        try
        {
            while (bytes.Length > 0) bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, cancel)..];
        }
        catch (SocketException)
        {
            Cut = true;
        }
        catch (ObjectDisposedException)
        {
            // The reader had heard enough.
        }
    }

    /// <summary>The next answer; null when the connection ended instead.</summary>
    /// <exception cref="FormatException">It is no HTTP.</exception>
    /// <exception cref="IOException">It ended within an answer.</exception>
    /// <exception cref="TimeoutException">Neither came in time.</exception>
    public async Task<Answer?> AnswerAsync(bool toHead, CancellationToken cancel, TimeSpan? patience = null)
    {
        while (true)
        {
            if (Answer.Take(Received.Span, toHead, Ended, out var answer) is var size and > 0)
            {
                _from += size;
                if (answer.Status is > 100 or < 100 && (answer.Status >= 200 || answer.GoesOn)) return answer;
                continue;
            }

            if (Ended) return Received.Length == 0 || Cut ? null : throw new IOException($"an answer without its end: {Case.Escape(Received.Span)}");
            await ReceiveAsync(patience ?? Patience, cancel);
        }
    }

    /// <summary>Takes bytes that were understood.</summary>
    public void Take(int count) => _from += count;

    /// <exception cref="TimeoutException">Nothing came.</exception>
    public async Task ReceiveAsync(TimeSpan patience, CancellationToken cancel)
    {
        if (_from > 0)
        {
            Received.CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        if (_to == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        end.CancelAfter(patience);
        try
        {
            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_to), SocketFlags.None, end.Token);
            _to += count;
            Ended = count == 0;
        }
        catch (SocketException)
        {
            (Ended, Cut) = (true, true);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"the hub said nothing for {patience.TotalSeconds} s");
        }
    }

    public void Dispose() => _socket.Dispose();
}
