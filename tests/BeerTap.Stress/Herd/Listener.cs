using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Herd;

/// <summary>
/// One listener on a bare socket, over all its connections: it comes back with its position when it loses one. Cheap, so that the hub and not
/// the herd is what is measured.
/// </summary>
internal sealed class Listener
{
    private const int FirstBuffer = 4 * 1024;
    private static readonly TimeSpan PacedReads = TimeSpan.FromMilliseconds(100);

    private volatile Uri _hub;
    private readonly PourBook _book;
    private readonly TaskCompletionSource _fullSpeed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _buffer = new byte[FirstBuffer];
    private Socket? _socket;
    private long _lastHeartbeat;

    public Listener(Uri hub, Transport transport, PourBook book)
    {
        (_hub, Transport, _book) = (hub, transport, book);
        Heard = new EventScanner((byte)(transport == Transport.SignalR ? 0x1e : '\n'), Note);
    }

    public Uri Hub => _hub;

    public Transport Transport { get; }

    public EventScanner Heard { get; }

    /// <summary>How fast it reads, in bytes a second, until it is told to read at full speed; 0: not at all; null: at full speed.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>When it was last connected and had heard the welcome, as a timestamp.</summary>
    public long WelcomedAt { get; private set; }

    /// <summary>When its last connection ended, as a timestamp; 0 while it is connected for the first time.</summary>
    public long LostAt { get; private set; }

    /// <summary>What the hub advised when the last connection ended, in milliseconds; null when it did not.</summary>
    public int? LastAdvice { get; private set; }

    /// <summary>The longest time between two heartbeats of a WebSocket.</summary>
    public TimeSpan LongestHeartbeat { get; private set; }

    /// <summary>Comes back after it lost its connection; at the advised time when the hub gave one.</summary>
    public bool ComesBack { get; set; }

    /// <summary>Goes where a hub that closes the connection sends it.</summary>
    public bool Follows { get; set; }

    public void ReadAtFullSpeed() => _fullSpeed.TrySetResult();

    /// <summary>Listens until told to stop; comes back if it shall.</summary>
    public async Task ListenAsync(string? after, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            Heard.RetryAfter = null;
            if (Follows && Heard.To is { } to) _hub = new Uri(to);
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                if (BytesPerSecond is not null) socket.ReceiveBufferSize = FirstBuffer;
                await socket.ConnectAsync(IPAddress.Parse(_hub.Host), _hub.Port, cancel);
                _socket = socket;
                await socket.SendAsync(Transport.Opening(_hub, Heard.Epoch.Length > 0 ? Heard.Position : after), cancel);
                await ReceiveAsync(socket, cancel);
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The hub is down, or was killed, or the listener shall stop; judged by what was heard.
            }

            _socket = null;
            Heard.Cut();
            if (WelcomedAt > LostAt) (LastAdvice, LostAt) = (Heard.RetryAfter, Stopwatch.GetTimestamp());
            if (!ComesBack || cancel.IsCancellationRequested) return;
            await PauseAsync(cancel);
        }
    }

    /// <summary>A SignalR client that is silent is cut, so it pings.</summary>
    public void Ping()
    {
        if (Transport == Transport.SignalR) Send(Transport.Message("{\"type\":6}\u001e"));
    }

    private async Task PauseAsync(CancellationToken cancel)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Heard.RetryAfter ?? Random.Shared.Next(20, 120)), TimeProvider.System, cancel);
        }
        catch (OperationCanceledException)
        {
            // It shall stop.
        }
    }

    private async Task ReceiveAsync(Socket socket, CancellationToken cancel)
    {
        var (filled, opened, payload) = (0, false, Transport.Payload());
        while (true)
        {
            if (filled == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
            var received = await socket.ReceiveAsync(_buffer.AsMemory(filled, await PaceAsync(_buffer.Length - filled, cancel)), cancel);
            if (received == 0) return;
            filled += received;
            var taken = 0;
            if (!opened)
            {
                var end = _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
                if (end < 0) continue;
                if (!Opened(_buffer.AsSpan(0, end))) return;
                (opened, taken) = (true, end + 4);
                if (Transport.Hello.Length > 0) Send(Transport.Message(Transport.Hello));
            }

            if (Frames(payload, _buffer.AsSpan(0, filled), ref taken)) return;
            _buffer.AsSpan(taken, filled - taken).CopyTo(_buffer);
            filled -= taken;
        }
    }

    /// <summary>How much to read next, once it is time to.</summary>
    private async ValueTask<int> PaceAsync(int room, CancellationToken cancel)
    {
        if (BytesPerSecond is not { } pace || _fullSpeed.Task.IsCompleted) return room;
        if (pace == 0) await _fullSpeed.Task.WaitAsync(cancel);
        else await Task.WhenAny(_fullSpeed.Task, Task.Delay(PacedReads, TimeProvider.System, cancel));
        return _fullSpeed.Task.IsCompleted ? room : Math.Min(room, Math.Max(1, (int)(pace * PacedReads.TotalSeconds)));
    }

    private bool Opened(ReadOnlySpan<byte> answer)
    {
        if (answer.StartsWith("HTTP/1.1 101"u8) || answer.StartsWith("HTTP/1.1 200"u8)) return true;

        // 503: the hub is full, or stopping; 502 and 504: a proxy finds no hub. It comes back if it shall.
        if (!answer.StartsWith("HTTP/1.1 503"u8) && !answer.StartsWith("HTTP/1.1 502"u8) && !answer.StartsWith("HTTP/1.1 504"u8)) Heard.Wrong($"was answered {System.Text.Encoding.ASCII.GetString(answer)}");
        return false;
    }

    /// <summary>Takes all whole frames; true when the connection is over.</summary>
    private bool Frames(Payload framing, ReadOnlySpan<byte> bytes, ref int taken)
    {
        while (framing.Take(bytes[taken..], out var kind, out var payload) is var size and > 0)
        {
            taken += size;
            switch (kind)
            {
                case FrameKind.Data:
                    var welcomes = Heard.Welcomes;
                    Heard.Add(payload, ends: Transport == Transport.WebSocket);
                    if (Heard.Welcomes > welcomes) WelcomedAt = Stopwatch.GetTimestamp();
                    break;
                case FrameKind.Ping:
                    Send(Transport.Pong(payload));
                    break;
                case FrameKind.Heartbeat:
                    Beat();
                    break;
                default:
                    return true;
            }
        }

        return false;
    }

    private void Beat()
    {
        var now = Stopwatch.GetTimestamp();
        if (_lastHeartbeat != 0 && Stopwatch.GetElapsedTime(_lastHeartbeat, now) is var pause && pause > LongestHeartbeat) LongestHeartbeat = pause;
        _lastHeartbeat = now;
    }

    private bool Note(EventScanner scanner, ReadOnlySpan<byte> record)
    {
        if (_book.Chronicle?.IsSame(scanner.Seq, record) == false) return false;
        if (EventScanner.VolumeOf(record) is not { } volume) return true;
        var number = PourBook.NumberOf(volume);
        if (number < 0 || number >= _book.Count) return _book.OthersPour;
        _book.Heard.Add(_book.SentAt(number), Stopwatch.GetTimestamp());
        return true;
    }

    private void Send(byte[] bytes)
    {
        try
        {
            // A few bytes: they always fit.
            _socket?.Send(bytes);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The connection is over; the receiving side notices.
        }
    }
}
