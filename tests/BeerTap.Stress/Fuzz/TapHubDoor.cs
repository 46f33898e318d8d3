using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// SignalR: handshakes and records that are none, calls of methods that are not there, over a socket and over the transports that post. A call
/// follows: the hub says that there is no such method, or has ended the connection.
/// </summary>
internal sealed class TapHubDoor(int share, Uri hub, Findings findings) : SoloDoor("SignalR frames", share, hub, findings)
{
    private const string Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e";
    private const string ProbeCall = "{\"type\":1,\"invocationId\":\"probe\",\"target\":\"none\",\"arguments\":[]}\u001e";

    private static readonly string TooLong = new string('x', 5_000) + "\u001e";

    private static readonly TimeSpan FirstPatience = TimeSpan.FromMilliseconds(500);

    private static readonly string[] Handshakes =
    [
        "{\"protocol\":\"messagepack\",\"version\":1}\u001e", "{\"protocol\":\"json\",\"version\":99}\u001e",
        "{\"protocol\":\"json\",\"version\":-1}\u001e", "{\"protocol\":\"json\"}\u001e", "{\"version\":1}\u001e",
        "{\"protocol\":null,\"version\":null}\u001e", "{}\u001e", "[]\u001e", "null\u001e", "\u001e", "\u001e\u001e\u001e", "x\u001e",
        "{\"protocol\":\"json\",\"version\":1e0}\u001e", "{\"protocol\":\"json\",\"version\":\"1\"}\u001e",
        "{\"protocol\":{\"a\":1},\"version\":1}\u001e", "{\"protocol\":\"\\ud800\",\"version\":1}\u001e",
        "{\"\\ud800\":1,\"protocol\":\"json\",\"version\":1}\u001e", "{\"protocol\":\"json\",\"version\":1}",
        "{\"protocol\":\"json\",\"protocol\":\"json\",\"version\":1}\u001e",
        "{\"protocol\":\"blazorpack\",\"version\":1}\u001e", new string('x', 5_000),
        $"{{\"protocol\":\"{new string('j', 5_000)}\",\"version\":1}}\u001e",
    ];

    /// <summary>Records that a client of another hub might well send.</summary>
    private static readonly string[] Harmless =
    [
        "{\"type\":6}\u001e", "{\"type\":6}\u001e{\"type\":6}\u001e", "{\"type\":1,\"target\":\"none\",\"arguments\":[]}\u001e",
        "{\"type\":1,\"invocationId\":\"1\",\"target\":\"welcome\",\"arguments\":[1,2,3]}\u001e",
        "{\"type\":1,\"invocationId\":\"2\",\"target\":\"OnConnectedAsync\",\"arguments\":[]}\u001e",
        "{\"type\":1,\"invocationId\":\"3\",\"target\":\"Dispose\",\"arguments\":[]}\u001e",
        "{\"type\":1,\"invocationId\":\"4\",\"target\":\"\",\"arguments\":[]}\u001e", "{\"type\":5,\"invocationId\":\"none\"}\u001e",
        "{\"type\":4,\"invocationId\":\"5\",\"target\":\"none\",\"arguments\":[]}\u001e",
    ];

    private static readonly string[] Odd =
    [
        "{\"type\":0}\u001e", "{\"type\":7}\u001e", "{\"type\":7,\"error\":\"x\",\"allowReconnect\":true}\u001e",
        "{\"type\":8,\"sequenceId\":9}\u001e", "{\"type\":9,\"sequenceId\":-1}\u001e", "{\"type\":99}\u001e", "{\"type\":-1}\u001e",
        "{\"type\":1e9}\u001e", "{\"type\":\"1\"}\u001e", "{\"type\":null}\u001e", "{}\u001e", "[]\u001e", "\u001e", "null\u001e", "x\u001e",
        "{\"type\":1}\u001e", "{\"type\":1,\"target\":5,\"arguments\":[]}\u001e", "{\"type\":1,\"target\":\"none\"}\u001e",
        "{\"type\":1,\"target\":\"none\",\"arguments\":{}}\u001e", "{\"type\":1,\"target\":\"\\ud800\",\"arguments\":[]}\u001e",
        "{\"type\":1,\"invocationId\":\"\\ud800\",\"target\":\"x\",\"arguments\":[]}\u001e",
        "{\"type\":1,\"invocationId\":7,\"target\":\"x\",\"arguments\":[]}\u001e",
        "{\"type\":2,\"invocationId\":\"1\",\"item\":{}}\u001e", "{\"type\":3,\"invocationId\":\"1\",\"result\":1,\"error\":\"x\"}\u001e",
        "{\"type\":3}\u001e", "{\"type\":1,\"target\":\"x\",\"arguments\":[],\"streamIds\":[\"a\",\"a\",null]}\u001e",
        "{\"type\":1,\"headers\":{\"a\":1},\"target\":\"x\",\"arguments\":[]}\u001e", "{\"type\":1,\"type\":6}\u001e",
        "{\"\\ud800\":1,\"type\":6}\u001e",
        "{\"type\":1,\"target\":\"x\",\"arguments\":[" + new string('[', 200) + new string(']', 200) + "]}\u001e",
        "{\"type\":6,\"x\":\"" + new string('y', 5_000) + "\"}\u001e", new string('z', 6_000), "{\"type\":6}",
    ];

    protected override async Task<string?> AttackAsync(Random random, long number, Wire wire, List<byte> sent, CancellationToken cancel)
    {
        if (random.Percent(15)) return await PostAsync(random, wire, sent, cancel);
        await wire.SendAsync(Encoding.ASCII.GetBytes(SocketWire.Upgrade("/hubs/taps", "")), cancel);
        if (await wire.AnswerAsync(false, cancel) is not { Status: 101 }) return "a good upgrade was refused";

        var (text, harmless) = Words(random);
        sent.AddRange(text);
        var type = random.Percent(10) ? (byte)0x82 : (byte)0x81;
        var cut = random.Percent(20) ? random.Next(text.Length) : 0;
        byte[] frames = cut > 0 ? [.. SocketWire.Frame((byte)(type & 0x0f), text.AsSpan(0, cut)), .. SocketWire.Frame(0x80, text.AsSpan(cut))] : SocketWire.Frame(type, text);
        await wire.SendAsync(new byte[][] { frames, SocketWire.Frame(0x81, ProbeCall.Utf8()) }.SelectMany(part => part).ToArray(), cancel);
        var socket = new SocketWire(wire, 0x1e);
        if (harmless) return await ListenAsync(socket, Patience, cancel) is var (alive, wrong) && !alive ? "ended, though nothing was wrong" : wrong;
        foreach (var word in (byte[][])[ProbeCall.Utf8(), TooLong.Utf8()])
        {
            try
            {
                return (await ListenAsync(socket, FirstPatience, cancel)).Fault;
            }
            catch (TimeoutException)
            {
                // The call was taken for the rest of a record, or it waits behind one of a kind that SignalR does not know, for ever: then the
                // connection ends as soon as more than a record may hold has come together.
                await wire.SendAsync(SocketWire.Frame(0x81, word), cancel);
            }
        }

        return (await ListenAsync(socket, Patience, cancel)).Fault;
    }

    private static Task<(bool Lives, string? Fault)> ListenAsync(SocketWire socket, TimeSpan patience, CancellationToken cancel) =>
        socket.ListenAsync(patience, heard => heard.Contains("\"invocationId\":\"probe\"", StringComparison.Ordinal), toTheEnd: false, cancel);

    private static (byte[] Text, bool Harmless) Words(Random random)
    {
        if (random.Percent(25)) return (random.Percent(60) ? random.Of<string>(Handshakes).Utf8() : Mutator.Spoil(random, Handshake.Utf8(), ProbeCall.Utf8()), false);
        if (random.Percent(30)) return ((Handshake + string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Of<string>(Harmless)))).Utf8(), true);
        var records = random.Of<string>(random.Percent(50) ? Odd : Harmless).Utf8();
        return ([.. Handshake.Utf8(), .. random.Percent(50) ? Mutator.Spoil(random, records, ProbeCall.Utf8()) : records], false);
    }

    /// <summary>Server-Sent Events or long polling: negotiated, a stream opened or not, and words posted to the connection.</summary>
    private static async Task<string?> PostAsync(Random random, Wire wire, List<byte> sent, CancellationToken cancel)
    {
        await wire.SendAsync(Encoding.ASCII.GetBytes("POST /hubs/taps/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"), cancel);
        if (await wire.AnswerAsync(false, cancel) is not { Status: 200 } negotiated) return "not negotiated";
        var token = Uri.EscapeDataString((string)negotiated.Json["connectionToken"]!);
        var body = Words(random).Text;
        var request = random.Of(
            $"POST /hubs/taps?id={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {body.Length}\r\n\r\n",
            $"POST /hubs/taps?id={token}x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {body.Length}\r\n\r\n",
            $"DELETE /hubs/taps?id={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {body.Length}\r\n\r\n",
            $"GET /hubs/taps?id={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nContent-Length: {body.Length}\r\n\r\n");
        sent.AddRange(Encoding.ASCII.GetBytes(request));
        sent.AddRange(body);
        await wire.SendAsync(sent.ToArray(), cancel);
        if (await wire.AnswerAsync(false, cancel) is not { } answer) return "no answer";
        return answer.Status >= 500 ? $"answered {answer.Status} {Case.Escape(answer.Body)}" : null;
    }
}
