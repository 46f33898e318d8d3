using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// WebSocket frames, good and bad, on both sub-protocols, and upgrades that are none. A ping follows: a connection that did nothing wrong answers it,
/// one that did is ended (RFC 6455), one that owes the rest of a frame waits.
/// </summary>
internal sealed class SocketDoor(int share, Uri hub, Findings findings) : SoloDoor("WebSocket frames", share, hub, findings)
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(100);

    private enum Then
    {
        Lives,
        Ends,

        /// <summary>It may also wait for the rest of a frame.</summary>
        Anything,
    }

    protected override async Task<string?> AttackAsync(Random random, long number, Wire wire, List<byte> sent, CancellationToken cancel)
    {
        if (random.Percent(25)) return await UpgradeAsync(random, wire, sent, cancel);
        var speaks = random.Percent(50);
        await wire.SendAsync(Encoding.ASCII.GetBytes(SocketWire.Upgrade("/sockets/beers", speaks ? "Sec-WebSocket-Protocol: beertap.v1\r\n" : "")), cancel);
        if (await wire.AnswerAsync(false, cancel) is not { Status: 101 }) return "a good upgrade was refused";

        var (frames, then) = Frames(random);
        sent.AddRange(frames);
        var isData = frames.Length > 0 && (frames[0] & 0x0f) is 1 or 2;
        // Its words for a client are none: it says so and closes, behind what it was about to say.
        var refuses = then == Then.Lives && speaks && isData;
        if (refuses) then = Then.Ends;
        await wire.SendAsync(new byte[][] { frames, SocketWire.Ping }.SelectMany(part => part).ToArray(), cancel);
        try
        {
            // The plain text has no records: nothing in it ends with a NUL, so nothing is looked into.
            var (lives, fault) = await new SocketWire(wire, speaks ? (byte)'\n' : (byte)0).ListenAsync(then is Then.Lives or Then.Ends ? Patience : Silence, null, toTheEnd: refuses, cancel);
            return fault ?? (then, lives) switch
            {
                (Then.Lives, false) => "ended, though nothing was wrong",
                (Then.Ends, true) => "lives on, though a frame was wrong",
                _ => null,
            };
        }
        catch (TimeoutException) when (then is Then.Anything)
        {
            return null;
        }
    }

    private static async Task<string?> UpgradeAsync(Random random, Wire wire, List<byte> sent, CancellationToken cancel)
    {
        var protocols = random.Of(
            "", "Sec-WebSocket-Protocol: beertap.v1\r\n", "Sec-WebSocket-Protocol: beertap.v2\r\n", "Sec-WebSocket-Protocol: , ,\r\n",
            "Sec-WebSocket-Protocol: x, beertap.v1\r\n", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99\r\n",
            $"Sec-WebSocket-Protocol: {new string('p', 9000)}\r\n");
        var request = SocketWire.Upgrade("/sockets/beers", protocols);
        request = random.Next(6) switch
        {
            0 => request.Replace("Version: 13", "Version: " + random.Of("12", "14", "", "13, 13", "99999999999", "x"), StringComparison.Ordinal),
            1 => request.Replace("dGhlIHNhbXBsZSBub25jZQ==", random.Of("", "x", "dGhlIHNhbXBsZSBub25jZQ", new string('A', 500), "////"), StringComparison.Ordinal),
            2 => request.Replace("Connection: Upgrade", "Connection: " + random.Of("keep-alive", "upgrade, close", "", "Upgrade, Upgrade"), StringComparison.Ordinal),
            3 => request.Replace("Upgrade: websocket", "Upgrade: " + random.Of("websockets", "h2c", "WebSocket", "", "websocket, h2c"), StringComparison.Ordinal),
            4 => request.Replace("GET ", random.Of("POST ", "HEAD ", "PUT ", "get "), StringComparison.Ordinal),
            _ => request.Replace("Host: 127.0.0.1", "Host: 127.0.0.1\r\nOrigin: " + random.Of("null", "http://evil.example", "http://127.0.0.1", "x"), StringComparison.Ordinal),
        };
        sent.AddRange(Encoding.Latin1.GetBytes(request));
        await wire.SendAsync(sent.ToArray(), cancel);
        var isHead = request.StartsWith("HEAD", StringComparison.Ordinal);
        if (await wire.AnswerAsync(isHead, cancel) is not { } answer) return "no answer";
        return answer.Status == 101 || (answer.Status is 400 or 431 && answer.Header("X-Request-ID") is null) ? null
            : answer.Status < 400 ? $"answered {answer.Status}"
            : Case.FaultOf(answer, isHead);
    }

    private static byte[] Goodbye(Random random) =>
    [
        .. random.Of<byte[]>([0x03, 0xe8], [0x03, 0xe9], [0x0f, 0xa1], [0, 0], [0x03, 0xed], [0x03, 0xee], [0x03, 0xe7], [0xff, 0xff]),
        .. random.Of("", "bye", new string('b', 123)).Utf8(),
    ];

    private static (byte[] Frames, Then Then) Frames(Random random)
    {
        var text = random.Of("", "hello", "{\"event\":\"welcome\"}", "🍺", new string('x', 125), new string('x', 126), new string('x', 70_000)).Utf8();
        var control = random.Bytes(random.Next(0, 126));
        return random.Next(24) switch
        {
            0 or 1 => (SocketWire.Frame(0x81, text), Then.Lives),
            2 => (SocketWire.Frame(0x82, random.Bytes(random.Next(0, 5_000))), Then.Lives),
            3 => ([.. SocketWire.Frame(0x01, text), .. SocketWire.Frame(0x89, control), .. SocketWire.Frame(0x80, text)], Then.Lives),
            4 => ([.. SocketWire.Frame(0x02, control), .. SocketWire.Frame(0x00, []), .. SocketWire.Frame(0x80, [])], Then.Lives),
            5 => (SocketWire.Frame(0x8a, control), Then.Lives),
            6 => (SocketWire.Frame(0x89, control), Then.Lives),
            7 => (SocketWire.Frame((byte)(0x80 | random.Of(3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), text), Then.Ends),
            8 => (SocketWire.Frame((byte)(0x81 | random.Of(0x10, 0x20, 0x40, 0x70)), text), Then.Ends),
            9 => ([0x81, (byte)Math.Min(text.Length, 125), .. text.AsSpan(0, Math.Min(text.Length, 125))], Then.Ends),
            10 => (SocketWire.Frame(0x89, random.Bytes(random.Next(126, 3_000))), Then.Ends),
            11 => (SocketWire.Frame((byte)random.Of(0x08, 0x09, 0x0a), control), Then.Ends),
            12 => (SocketWire.Frame(0x80, text), Then.Ends),
            13 => ([.. SocketWire.Frame(0x01, text), .. SocketWire.Frame(0x81, text)], Then.Ends),
            14 => ([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. text], Then.Ends),
            15 => ([0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, .. text], Then.Ends),
            16 => ([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, .. control], Then.Anything),
            17 => ([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, .. control], Then.Anything),
            18 => (SocketWire.Frame(0x81, random.Of<byte[]>([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0xf0, 0x9f, 0x8d], [0xf4, 0x90, 0x80, 0x80])), Then.Ends),
            19 => (SocketWire.Frame(0x88, [0]), Then.Ends),
            20 => (SocketWire.Frame(0x88, Goodbye(random)), Then.Ends),
            21 => (SocketWire.Frame(0x88, [0x03, 0xe8, 0xff, 0xfe]), Then.Ends),
            22 => (random.Bytes(random.Next(1, 300)), Then.Anything),
            _ => (Mutator.Spoil(random, [.. SocketWire.Frame(0x81, "hello"u8), .. SocketWire.Frame(0x89, control)], SocketWire.Frame(0x88, [0x03, 0xe8])), Then.Anything),
        };
    }
}
