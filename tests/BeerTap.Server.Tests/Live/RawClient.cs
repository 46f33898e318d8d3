using System.Net;
using System.Net.Sockets;
using System.Text;

namespace BeerTap.Server.Tests.Live;

/// <summary>A client that speaks bytes, so that it can stop anywhere and leave in every way a peer can.</summary>
internal sealed class RawClient : IDisposable
{
    // linux/tcp.h: a socket under repair is closed without telling the other side.
    private const int TcpLevel = 6, TcpRepair = 19;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[4096];
    private string _unread = "";

    /// <param name="from">An address of this machine's to come from.</param>
    /// <param name="small">With a small receive buffer, so that the hub soon finds the connection of one that does not read full.</param>
    public static async Task<RawClient> ConnectAsync(Uri hub, IPAddress from, bool small = false)
    {
        var client = new RawClient();

        if (small) client._socket.ReceiveBufferSize = 4096;
        client._socket.Bind(new IPEndPoint(from, 0));
        await client._socket.ConnectAsync(IPAddress.Loopback, hub.Port);
        return client;
    }

    /// <summary>Connects to a hub that may close the connection at once; null when it did so before the connection was made.</summary>
    public static async Task<RawClient?> TryConnectAsync(Uri hub, IPAddress from)
    {
        try
        {
            return await ConnectAsync(hub, from);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    public async Task SayAsync(string text) => await SayAsync(Encoding.ASCII.GetBytes(text));

    public async Task SayAsync(byte[] bytes) => await _socket.SendAsync(bytes);

    /// <summary>A client's WebSocket frame; masked, as RFC 6455 wants it, with a mask that changes nothing.</summary>
    public Task SayFrameAsync(string text, byte opcode = 1, int cutAt = int.MaxValue)
    {
        byte[] frame = [(byte)(0x80 | opcode), (byte)(0x80 | text.Length), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(text)];
        return SayAsync(frame[..Math.Min(cutAt, frame.Length)]);
    }

    /// <summary>Reads until these words came; gives what was read up to and with them.</summary>
    /// <exception cref="IOException">The hub ended the connection.</exception>
    public async Task<string> HearAsync(string words)
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        var heard = new StringBuilder(_unread);
        while (true)
        {
            var text = heard.ToString();
            var at = text.IndexOf(words, StringComparison.Ordinal);
            if (at >= 0)
            {
                _unread = text[(at + words.Length)..];
                return text[..(at + words.Length)];
            }

            var read = await _socket.ReceiveAsync(_buffer.AsMemory(), patience.Token);
            if (read == 0) throw new IOException("The hub ended the connection.");
            heard.Append(Encoding.ASCII.GetString(_buffer, 0, read));
        }
    }

    /// <summary>Reads until the hub has ended its side; gives all that was read.</summary>
    public async Task<string> HearToTheEndAsync()
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        var heard = new StringBuilder(_unread);
        try
        {
            while (await _socket.ReceiveAsync(_buffer.AsMemory(), patience.Token) is > 0 and var read)
            {
                heard.Append(Encoding.ASCII.GetString(_buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // Cut.
        }

        return heard.ToString();
    }

    /// <summary>Sends the same bytes again and again and reads nothing, until so many were sent, the hub takes no more, or it has ended the connection.</summary>
    /// <returns>How many were sent.</returns>
    public async Task<long> FloodAsync(byte[] bytes, long most, TimeSpan patience)
    {
        var sent = 0L;
        try
        {
            while (sent < most)
            {
                using var stuck = new CancellationTokenSource(patience);
                sent += await _socket.SendAsync(bytes, stuck.Token);
            }
        }
        catch (Exception ex) when (ex is SocketException or OperationCanceledException)
        {
            // Cut, or the hub does not read.
        }

        return sent;
    }

    /// <summary>Reads once, at most 4 KB; false when the connection is over.</summary>
    public async Task<bool> ReadSomeAsync()
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        try
        {
            return await _socket.ReceiveAsync(_buffer.AsMemory(), patience.Token) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Reads until the hub has ended its side.</summary>
    public async Task UntilCutAsync()
    {
        using var patience = new CancellationTokenSource(Listener.Patience);
        try
        {
            while (await _socket.ReceiveAsync(_buffer.AsMemory(), patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Cut.
        }
    }

    /// <summary>Says that no more comes, and reads until the hub has ended its side.</summary>
    public async Task LeaveAsync()
    {
        _socket.Shutdown(SocketShutdown.Send);
        await UntilCutAsync();

        _socket.Dispose();
    }

    /// <summary>Leaves with a TCP reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    /// <summary>
    /// Leaves without any sign, as a machine that lost its power: what the hub sends later finds no connection. Needs the right to repair
    /// sockets (CAP_NET_ADMIN); without it this is a reset, and false.
    /// </summary>
    public bool Vanish()
    {
        try
        {
            _socket.SetRawSocketOption(TcpLevel, TcpRepair, BitConverter.GetBytes(1));
        }
        catch (SocketException)
        {
            Reset();
            return false;
        }

        _socket.Dispose();
        return true;
    }

    public void Dispose() => _socket.Dispose();
}
