using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// HTTP itself spoiled: lengths that lie, odd chunks, absurd heads, raw bytes. A good request follows on the same connection; whatever the hub makes of
/// the first, all that comes back is HTTP, and no beer is made without an answer.
/// </summary>
internal sealed partial class WildDoor(int share, Uri hub, Ledger ledger, Findings findings) : SoloDoor("HTTP itself", share, hub, findings)
{
    /// <summary>How long the hub may be silent when it may be waiting for the rest of what does not come.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(300);

    private static readonly string Body = $"{{\"tapId\":{Ledger.UnsureTap},\"volume\":500}}";

    private static readonly string[] Lines =
    [
        "Content-Length: -1", "Content-Length: 18446744073709551616", "Content-Length: 1, 1", "Content-Length: 0x10", "Content-Length: +5",
        "Content-Length: ", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 2000000", "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: \u000bchunked",
        "Transfer-Encoding : chunked", " folded: x", "NoColon", ": no name", "Bad Name: x", "X\0Y: z", "X: \0", "X: a\rb", "X: a\nb",
        "Expect: 100-continue",
        "Expect: something", "Host: other", "Connection: upgrade, close, keep-alive", "Connection: close",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings",
        "Upgrade: websocket\r\nConnection: upgrade", "X-Request-ID: a\tb", "X-Request-ID: é", "Origin: null", "Origin: http://evil.example",
        "Cookie: " + new string('c', 4_000), "Accept-Encoding: " + new string(',', 500), "X-Forwarded-For: ::1",
        "X-HTTP-Method-Override: DELETE", "Range: bytes=0-0,1-1,2-2", "If-None-Match: *", "Content-Encoding: gzip", "Content-Type: \u00ff",
        "Authorization: Bearer \u00ff", "Last-Event-ID: \u00ff\u00fe", "TE: trailers, deflate;q=NaN", "Max-Forwards: -1",
    ];

    private static readonly string[] Starts =
    [
        "GET /api/beers HTTP/1.0", "GET /api/beers HTTP/0.9", "GET /api/beers HTTP/1.2", "GET /api/beers HTTP/9.9", "GET /api/beers",
        "GET  /api/beers HTTP/1.1", "GET /api/taps\t HTTP/1.1", " GET / HTTP/1.1", "\r\nGET / HTTP/1.1", "GET http://other/api/taps HTTP/1.1",
        "GET https://user:pass@x:99999/api/taps HTTP/1.1", "GET http:/// HTTP/1.1",
        "OPTIONS * HTTP/1.1", "GET * HTTP/1.1", "CONNECT x:80 HTTP/1.1", "CONNECT /sockets/beers HTTP/1.1", "CONNECT : HTTP/1.1",
        "GET api/beers HTTP/1.1", "GET /api/beers#x HTTP/1.1", "GET /api/beers%00 HTTP/1.1", "GET /api/beers?x=\u00e9\u00ff HTTP/1.1",
        "GET /\u00e9 HTTP/1.1", "GET /%%% HTTP/1.1", "G\0T / HTTP/1.1", "GÉT / HTTP/1.1",
        "GET /../../../etc/passwd HTTP/1.1", "GET /..%2f..%2fappsettings.json HTTP/1.1", "GET /api/beers/%2e%2e/%2e%2e/x HTTP/1.1",
        "PRI * HTTP/2.0", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003", "SSH-2.0-x", "{\"tapId\":1}", "TRACE / HTTP/1.1",
        new string('M', 9_000) + " / HTTP/1.1",
    ];

    protected override async Task<string?> AttackAsync(Random random, long number, Wire wire, List<byte> sent, CancellationToken cancel)
    {
        var (bytes, good) = Request(random);
        sent.AddRange(bytes);
        var sentinel = $"last-{number}";
        var last = Encoding.ASCII.GetBytes($"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: {sentinel}\r\nConnection: close\r\n\r\n");
        var sending = wire.SendAsync(new byte[][] { bytes, last }.SelectMany(part => part).ToArray(), cancel);
        var (count, isHead) = (0, bytes.AsSpan().StartsWith("HEAD "u8));
        try
        {
            while (await wire.AnswerAsync(isHead && count == 0, cancel, good ? Patience : Silence) is { } answer)
            {
                count++;
                if (answer.GoesOn) return good ? "a stream nobody asked for" : null;
                if (answer.Header("X-Request-ID") == sentinel && answer.Status == 200) return good && count != 2 ? "it had no answer of its own" : null;
                var fault = answer.Header("X-Request-ID") is null ? FaultOfServer(answer, bytes) : Case.FaultOf(answer) ?? Note(answer, bytes);
                if (fault is not null) return $"{fault}: {answer.Status} {Case.Escape(answer.Body)}";
                if (good && answer.Status != 201) return $"good chunks were answered {answer.Status}";
            }

            return good ? "the good request behind it had no answer" : null;
        }
        catch (Exception fault) when (fault is FormatException or IOException && bytes.AsSpan().StartsWith("PRI * HTTP/2.0"u8))
        {
            // Asked in HTTP/2, the server says in HTTP/2 that it does not speak it here.
            return null;
        }
        catch (TimeoutException) when (!good)
        {
            // The hub waits for the rest of a body or head; the connection is cut.
            return null;
        }
        finally
        {
            wire.Dispose();
            await sending;
        }
    }

    /// <summary>What the server below the hub says to what is no HTTP: nothing but a status, and it hangs up. 505 is the word for a version it does not speak.</summary>
    private static string? FaultOfServer(Answer answer, byte[] bytes) =>
        answer.Status is not (400 or 405 or 408 or 411 or 413 or 414 or 417 or 431 or 505) || (answer.Status == 505 && bytes.AsSpan().StartsWith("GET /api/beers HTTP/1.0"u8))
            ? "a status the server has no reason for"
        : answer.Body.Length > 0 || !answer.Closes ? "a refusal of no HTTP that goes on" : null;

    /// <summary>Notes what was made and deleted after all.</summary>
    private string? Note(Answer answer, byte[] bytes)
    {
        if (answer.Status == 201) return Made(answer.Json["beer"]!);
        if (answer.Status == 204 && Deleted().Match(Encoding.Latin1.GetString(bytes)) is { Success: true } deleted) ledger.Gone(long.Parse(deleted.Groups[1].Value, CultureInfo.InvariantCulture));
        return answer.Status != 200 || answer.MediaType != "application/json" || answer.Json["results"] is not JsonArray results ? null
            : results.Where(result => (int)result!["status"]! == 201).Select(result => Made(result!["beer"]!)).FirstOrDefault(fault => fault is not null);
    }

    private string? Made(JsonNode beer) => ledger.Made((long)beer["id"]!, (int)beer["tapId"]!, (double)beer["volume"]!);

    private static (byte[] Bytes, bool Good) Request(Random random)
    {
        const string Json = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n";
        switch (random.Next(10))
        {
            case 0:
                return (Latin1($"POST /api/beers HTTP/1.1\r\n{Json}Transfer-Encoding: chunked\r\n\r\n{Chunks(random, Body)}0{random.Of("", ";x", "000")}\r\n{random.Of("", "X: y\r\n")}\r\n"), true);
            case 1:
                var chunks = Mutator.Spoil(random, Latin1(Chunks(random, Body) + "0\r\n\r\n"), "ffffffffffffffff\r\n-1\r\n"u8.ToArray());
                return ([.. Latin1($"POST /api/beers HTTP/1.1\r\n{Json}Transfer-Encoding: chunked\r\n\r\n"), .. chunks], false);
            case 2:
                return (Latin1($"{random.Of<string>(Starts)}\r\n{(random.Percent(80) ? "Host: x\r\n" : "")}\r\n"), false);
            case 3:
                return (Latin1($"GET /{new string('a', random.Of(100, 8_000, 8_200, 20_000))} HTTP/1.1\r\nHost: x\r\n\r\n"), false);
            case 4:
                var headers = string.Concat(Enumerable.Range(0, random.Of(10, 99, 101, 2_000)).Select(i => $"X-{i}: {new string('v', random.Of(1, 30, 400))}\r\n"));
                return (Latin1($"GET /api/taps HTTP/1.1\r\nHost: x\r\n{headers}\r\n"), false);
            case 5 when random.Percent(5):
                return (Latin1($"POST /api/beers HTTP/1.1\r\n{Json}Content-Length: {2 * 1024 * 1024}\r\n\r\n{new string(' ', 2 * 1024 * 1024)}"), false);
            case < 8:
                var lines = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Of<string>(Lines) + "\r\n"));
                var (method, target) = random.Of(
                    ("POST", "/api/beers"), ("POST", "/api/beers/batch"), ("GET", "/api/events/stream"), ("GET", "/sockets/beers"),
                    ("POST", "/hubs/taps/negotiate"), ("DELETE", "/api/beers/none"), ("HEAD", "/"), ("GET", "/api/taps"));
                var length = random.Percent(60) ? $"Content-Length: {Body.Length + (random.Percent(20) ? random.Next(-5, 6) : 0)}\r\n" : "";
                return (Latin1($"{method} {target} HTTP/1.1\r\n{(random.Percent(90) ? Json : "Content-Type: application/json\r\n")}{lines}{length}\r\n{(method == "POST" ? Body : "")}"), false);
            default:
                var head = Mutator.Spoil(random, Latin1($"POST /api/beers HTTP/1.1\r\n{Json}Idempotency-Key: wild\r\nContent-Length: {Body.Length}"), Latin1($"GET /api/taps HTTP/1.1\r\n{random.Of<string>(Lines)}"));
                return ([.. head, .. Latin1($"\r\n\r\n{Body}")], false);
        }
    }

    private static string Chunks(Random random, string body)
    {
        var chunks = new StringBuilder();
        for (var at = 0; at < body.Length;)
        {
            var size = random.Next(1, body.Length - at + 1);
            var (zeros, extension) = (random.Percent(20) ? "00" : "", random.Percent(20) ? ";a=\"b\"" : "");
            chunks.Append(zeros).Append(size.ToString(random.Of("x", "X"), CultureInfo.InvariantCulture)).Append(extension).Append("\r\n").Append(body, at, size).Append("\r\n");
            at += size;
        }

        return chunks.ToString();
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    [GeneratedRegex("DELETE /api/beers/([0-9]+) ")]
    private static partial Regex Deleted();
}
