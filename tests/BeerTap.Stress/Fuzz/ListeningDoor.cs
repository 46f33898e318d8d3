using System.Globalization;
using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// The addresses of the listeners: query strings that a model takes for bad are refused before there is a connection; the last of a block is taken
/// for good, is opened, and is let go again.
/// </summary>
internal sealed class ListeningDoor(int share, Uri hub, Findings findings) : PipelinedDoor("listeners' addresses", share, hub, findings)
{
    private const string Upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    protected override List<Case> Block(Random random, long first)
    {
        var cases = new List<Case>(BlockSize);
        Case? open = null;
        while (cases.Count < BlockSize - 1)
        {
            var id = (first + cases.Count).ToString(CultureInfo.InvariantCulture);
            var path = random.Of("/api/events/stream", "/sockets/beers", "/hubs/taps", "/hubs/taps/negotiate");
            var query = QueryGrammar.Next(random, ["after", "tapId", "id", "negotiateVersion"], name => name switch
            {
                "tapId" => QueryGrammar.Number(random, 1, 20),
                "after" => random.Of("abc-1", "k3x9q2ab-42", "x-9223372036854775807"),
                "id" => random.Of("none", "%00", Convert.ToHexString(random.Bytes(11)), new string('x', 2000)),
                _ => random.Of("0", "1", "2", "-1", "x"),
            });
            var model = new QueryModel(query);
            model.Whole("tapId", 1, int.MaxValue);
            var header = LastEventId(random, model);
            if (model.Faults is { Length: > 0 } faults)
            {
                var method = path.EndsWith("negotiate", StringComparison.Ordinal) ? "POST" : "GET";
                var upgrade = path == "/sockets/beers" ? Upgrade : "";
                cases.Add(Case.Of(method, path + query, id, header + upgrade, null, answer => PourDoor.Refused(answer, 400, "invalid-fields", faults)));
            }
            else if (path == "/hubs/taps/negotiate")
            {
                cases.Add(Case.Of("POST", path + query, id, header, [], Negotiated));
            }
            else if (path == "/hubs/taps")
            {
                // A made-up id of a connection, or none, over the transports that are no socket.
                var (method, accept) = (random.Of("GET", "POST", "DELETE"), random.Of("", "Accept: text/event-stream\r\n"));
                var body = random.Percent(30) ? random.Bytes(20) : null;
                cases.Add(Case.Of(method, path + query, id, header + accept, body, answer => answer.Status >= 400 ? null : "taken without a connection"));
            }
            else if (path != "/api/events/stream" || random.Percent(50))
            {
                open ??= path == "/sockets/beers" ? Opened(path + query, id, header + Upgrade, 101) : Opened(path + query, id, header, 200);
            }
        }

        cases.Add(open ?? Opened("/api/events/stream", first.ToString(CultureInfo.InvariantCulture), "", 200));
        return cases;
    }

    /// <summary>An <c>EventSource</c> that reconnects says with a header where it stopped.</summary>
    private static string LastEventId(Random random, QueryModel model)
    {
        if (random.Percent(80))
        {
            model.After();
            return "";
        }

        var text = random.Of("", "earliest", "abc-1", "nonsense", "abc-", "-1", "abc-9223372036854775808", new string('a', 41), "é-1", "a b-1", "abc-1, abc-2");
        if (text.Length > 0) model.Position("Last-Event-ID", text);
        else model.After();
        return $"Last-Event-ID: {Encoding.Latin1.GetString(text.Utf8())}\r\n";
    }

    private static string? Negotiated(Answer answer) =>
        answer.Status != 200 ? "not negotiated" : answer.Json["connectionId"] is not null || answer.Json["error"] is not null ? null : "negotiated without a connection";

    private static Case Opened(string target, string id, string headers, int status) =>
        Case.Of("GET", target, id, headers, null, answer => answer.Status == status && answer.GoesOn ? null : "a good listener was refused");
}
