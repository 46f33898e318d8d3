using System.Text;
using BeerTap.Stress.Herd;

namespace BeerTap.Stress.Fuzz;

/// <summary>What a fuzzed WebSocket hears, until the connection is over or it has heard what it waits for.</summary>
internal sealed class SocketWire(Wire wire, byte terminator)
{
    private static readonly byte[] Probe = "probe"u8.ToArray();

    /// <summary>An answer may be cut in two by frames: so much is kept of the one before.</summary>
    private const int LongestAnswer = 200;

    private readonly EventScanner _events = new(terminator, (_, _) => true);
    private readonly WebSocketPayload _framing = new();
    private string _tail = "";

    public static string Upgrade(string target, string headers) =>
        $"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n";

    /// <summary>A ping whose answer is looked for: as long as it comes, the connection lives.</summary>
    public static byte[] Ping => Frame(0x89, Probe);

    /// <summary>A client's frame with its length in the shortest form, masked with zeros.</summary>
    public static byte[] Frame(byte first, ReadOnlySpan<byte> payload) => payload.Length switch
    {
        < 126 => [first, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload],
        < 65536 => [first, 0xfe, (byte)(payload.Length >> 8), (byte)payload.Length, 0, 0, 0, 0, .. payload],
        _ => [first, 0xff, 0, 0, 0, 0, (byte)(payload.Length >> 24), (byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, 0, 0, 0, 0, .. payload],
    };

    /// <summary>True when the probe was answered, false when the connection ended first; the fault is what was wrong with what came.</summary>
    /// <param name="isAnswer">Whether a text message answers the probe, where a pong does not.</param>
    /// <param name="toTheEnd">The connection must end, sooner or later: an answer to the probe may come before.</param>
    /// <exception cref="TimeoutException">Neither happened.</exception>
    public async Task<(bool Lives, string? Fault)> ListenAsync(TimeSpan patience, Func<string, bool>? isAnswer, bool toTheEnd, CancellationToken cancel)
    {
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            while (Take(out var kind, out var payload, out var fault) is var size and > 0)
            {
                wire.Take(size);
                if (fault is not null) return (true, fault);
                if (kind == FrameKind.Close) return (false, null);
                if (kind == FrameKind.Heartbeat && isAnswer is null && !toTheEnd && payload.AsSpan().SequenceEqual(Probe)) return (true, _events.Fault);
                if (kind != FrameKind.Data) continue;
                _events.Add(payload, ends: terminator == '\n');
                if (_events.Fault is not null) return (true, _events.Fault);
                if (isAnswer is null) continue;
                _tail = _tail[^Math.Min(_tail.Length, LongestAnswer)..] + Encoding.UTF8.GetString(payload);
                if (isAnswer(_tail)) return (true, null);
            }

            if (wire.Ended) return (false, null);
            var left = patience - System.Diagnostics.Stopwatch.GetElapsedTime(began);
            try
            {
                await wire.ReceiveAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancel);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"neither ended nor answered within {patience.TotalSeconds} s");
            }
        }
    }

    private int Take(out FrameKind kind, out byte[] payload, out string? fault)
    {
        var bytes = wire.Received.Span;
        var size = _framing.Take(bytes, out kind, out var content);
        payload = content.ToArray();
        var isServers = size == 0 || (bytes[0] is 0x00 or 0x01 or 0x80 or 0x81 or 0x88 or 0x89 or 0x8a && (bytes[1] & 0x80) == 0);
        fault = isServers ? null : $"a frame no server sends: {Case.Escape(bytes[..Math.Min(20, size)])}";
        return size;
    }
}
