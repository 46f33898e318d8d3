using System.Text;

namespace BeerTap.Bench.Load;

/// <summary>
/// One connection that listens. It looks at the bytes where the system call put them, keeps no event, and remembers a count and two sums: one over
/// which pours it heard, and one over their order.
/// </summary>
/// <param name="book">Where it notes when it heard what; null: it is not one of those that must have heard all that is in the book.</param>
/// <param name="most">It takes no notice of more pours than that.</param>
internal sealed class Listener(int socket, Feed feed, PourBook? book, long most = long.MaxValue) : IDisposable
{
    /// <summary>The most that is kept between two reads: an answer's head, or the begun number of a pour.</summary>
    public const int Carry = 4096;

    private static readonly byte[] Handshake = Encoding.ASCII.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e");

    private readonly byte[] _needle = Encoding.ASCII.GetBytes(feed.Needle);
    private readonly byte[]? _greeting = feed.Greeting is { } text ? Encoding.ASCII.GetBytes(text) : null;
    private byte[] _kept = [];
    private int _keptLength, _tail;
    private long _left;
    private bool _final, _upgraded, _closed;

    public int Socket { get; } = socket;

    public bool IsJudged => book is not null;

    public bool SaysIds => feed.SaysIds;

    public bool IsIn { get; private set; }

    /// <summary>Why it hears no more.</summary>
    public string? Fault { get; private set; }

    public long Count { get; private set; }

    /// <summary>The same for two listeners that heard the same pours in the same order.</summary>
    public ulong Order { get; private set; }

    /// <summary>The same for two listeners that heard the same pours, each as often.</summary>
    public ulong Set { get; private set; }

    public static ulong Mark(int number)
    {
        var mark = (ulong)(number + 1) * 0x9E3779B97F4A7C15;
        return mark ^ (mark >> 29);
    }

    public static ulong Follow(ulong order, int number) => (order + (ulong)(number + 1)) * 0x9E3779B97F4A7C15;

    public void Dispose()
    {
        if (!_closed) _ = Libc.Close(Socket);
        _closed = true;
    }

    /// <summary>Asks to listen.</summary>
    public void Ask(int port, string query)
    {
        var upgrade = feed.Framing == Framing.Stream ? "" : "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
        var protocol = feed.SubProtocol is { } name ? $"Sec-WebSocket-Protocol: {name}\r\n" : "";
        Wire.Send(Socket, Encoding.ASCII.GetBytes($"GET {feed.Path}{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{upgrade}{protocol}\r\n"));
    }

    /// <summary>Reads once. The first <see cref="Carry"/> bytes of the buffer are room for what was kept.</summary>
    public void Receive(byte[] buffer, bool broken, long now)
    {
        var read = Wire.Receive(Socket, buffer.AsSpan(Carry));
        if (read == 0 || (read < 0 && broken)) Fault ??= "the server closed the connection of a listener";
        if (read <= 0) return;
        var start = Carry - _keptLength;
        if (_keptLength > 0) _kept.AsSpan(0, _keptLength).CopyTo(buffer.AsSpan(start));
        var bytes = buffer.AsSpan(start, _keptLength + read);
        var rest = _upgraded ? Take(bytes, now) : TakeHead(bytes, now);
        _keptLength = rest.Length;
        if (rest.Length == 0) return;
        if (rest.Length > Carry) throw new InvalidOperationException("A head or a number without an end.");
        if (_kept.Length < rest.Length) _kept = new byte[rest.Length <= 64 ? 64 : Carry];
        rest.CopyTo(_kept);
    }

    /// <summary>Gives what is left over, as all the others do.</summary>
    private Span<byte> TakeHead(Span<byte> bytes, long now)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0) return bytes;
        if (!bytes.StartsWith(feed.Framing == Framing.Stream ? "HTTP/1.1 200"u8 : "HTTP/1.1 101"u8)) throw new InvalidOperationException($"A listener is refused: {Encoding.UTF8.GetString(bytes)}");
        _upgraded = true;
        IsIn = _greeting is null;
        if (feed.Framing == Framing.SignalR) Say(1, Handshake);
        return Take(bytes[(end + 4)..], now);
    }

    private Span<byte> Take(Span<byte> bytes, long now)
    {
        if (feed.Framing == Framing.Stream) return bytes[Scan(bytes, ended: false, now)..];

        // What is pending of a message stands right before 'at'; over a header it is moved, so that the payload is in one piece.
        var (at, pending) = (_tail, 0);
        while (true)
        {
            if (_left == 0)
            {
                if (!TryReadHeader(bytes[at..], out var size, out var length)) break;
                var operation = bytes[at] & 15;
                if (operation >= 8)
                {
                    if (bytes.Length - at < size + length) break;
                    if (operation == 9) Say(10, bytes.Slice(at + size, (int)length));
                    if (operation == 8) Fault ??= "a listener was told to go";
                    size += (int)length;
                }
                else
                {
                    _final = (bytes[at] & 128) != 0;
                    _left = length;
                }

                if (_tail > 0) bytes.Slice(pending, _tail).CopyTo(bytes[(at + size - _tail)..]);
                at += size;
                pending = at - _tail;
                continue;
            }

            var there = (int)Math.Min(_left, bytes.Length - at);
            if (there == 0) break;
            var ended = _final && there == _left;
            at += there;
            _left -= there;
            pending += Scan(bytes[pending..at], ended, now);
            _tail = at - pending;
        }

        return bytes[pending..];
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> bytes, out int size, out long length)
    {
        (size, length) = (2, 0);
        if (bytes.Length < 2) return false;
        length = bytes[1] & 127;
        size = length switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < size) return false;
        if (size > 2) length = 0;
        for (var i = 2; i < size; i++) length = length << 8 | bytes[i];
        return true;
    }

    /// <summary>Counts the pours in a part of a message; gives how much of it is done with.</summary>
    private int Scan(ReadOnlySpan<byte> part, bool ended, long now)
    {
        if (!IsIn) IsIn = part.IndexOf(_greeting) >= 0;
        var done = 0;
        for (int found; (found = part[done..].IndexOf(_needle)) >= 0;)
        {
            var begin = done + found;
            done = begin + _needle.Length;
            var (value, decimals) = (0, -1);
            for (; done < part.Length; done++)
            {
                var digit = part[done] - '0';
                if ((uint)digit <= 9)
                {
                    value = value * 10 + digit;
                    if (decimals >= 0) decimals++;
                }
                else if (part[done] == '.')
                {
                    decimals = 0;
                }
                else
                {
                    break;
                }
            }

            if (done == part.Length && !ended) return begin;
            Hear(value, decimals, now);
        }

        return ended ? part.Length : Math.Max(done, part.Length - (_needle.Length - 1));
    }

    private void Hear(int value, int decimals, long now)
    {
        if (!feed.SaysIds)
        {
            for (decimals = Math.Max(decimals, 0); decimals < 4; decimals++) value *= 10;
            value -= 1_000_001;
        }

        if (Count == most) return;
        Count++;
        Order = Follow(Order, value);
        Set += Mark(value);
        book?.Hear(value, now);
    }

    /// <summary>Sends a frame, masked with zeros.</summary>
    private void Say(byte operation, ReadOnlySpan<byte> payload)
    {
        Span<byte> frame = stackalloc byte[6 + 125];
        frame[0] = (byte)(128 | operation);
        frame[1] = (byte)(128 | payload.Length);
        frame[2..6].Clear();
        payload.CopyTo(frame[6..]);
        Wire.Send(Socket, frame[..(6 + payload.Length)]);
    }
}
