using System.Globalization;
using System.Text.Json.Nodes;

namespace BeerTap.Stress.Fuzz;

/// <summary>Everything that is read or deleted over REST: lists with their queries, single beers and taps, the log, and addresses that are none.</summary>
internal sealed class ReadingDoor(int share, Uri hub, Ledger ledger, Findings findings) : PipelinedDoor("REST paths and queries", share, hub, findings)
{
    private static readonly string[] NoIds =
    [
        "0", "-1", "+1", "%201", "1%20", "abc", "1e3", "1.0", "0x1", "9223372036854775807", "9223372036854775808", "99999999999999999999999",
        "%d9%a3", "1%0a", "1,2", "~", "%ff", "%c0%ae", "%f0%9f%8d%ba", "1%2f", "1;2", "*", "%2b1", "1%2e0",
    ];

    private static readonly string[] Paths =
    [
        "/", "/index.html", "/page/page.js", "/nowhere", "/api", "/api/", "/api/beer", "/api/beers/1/2", "/API/BEERS", "/api/beers/batch",
        "/api//beers", "/api/./beers", "/api/../api/taps", "/api/taps", "/api/taps/1", "/api/taps/99", "/api/reports/share", "/api/reports",
        "/api/reports/totals", "/api/reports/minutes",
        "/health/live", "/health/ready", "/health", "/docs", "/docs/index.html", "/openapi/v1.json", "/openapi/v2.json",
        "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cappsettings.json", "/appsettings.json", "/beertap.db", "/api/%62eers", "/api/beers%2f1",
        "/%ff", "/%f0%9f%8d%ba", "/a%0d%0aX:y", "/page/page.js%20", "/hubs", "/sockets", "//", "/api/keys/x",
    ];

    private static readonly string[] Methods = ["GET", "GET", "GET", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "get", "PROPFIND", "M-SEARCH", "LINK"];

    protected override List<Case> Block(Random random, long first)
    {
        var cases = new List<Case>(BlockSize);
        while (cases.Count < BlockSize)
        {
            var id = (first + cases.Count).ToString(CultureInfo.InvariantCulture);
            switch (random.Next(20))
            {
                case < 9: cases.Add(List(random, id)); break;
                case < 13: cases.Add(Log(random, id)); break;
                case < 15: cases.Add(Known(random, id)); break;
                case < 17: cases.Add(NoId(random, id)); break;
                case 17: cases.Add(Deletion(random, id)); break;
                default: cases.Add(Address(random, id)); break;
            }
        }

        return cases;
    }

    private static Case List(Random random, string id)
    {
        var query = QueryGrammar.Next(random, ["page", "page_size", "type", "tapId", "from", "to", "order", "after_id"], name => name switch
        {
            "page" => random.Of("1", "2", "3", "0003", "2147483647"),
            "page_size" => QueryGrammar.Number(random, 1, random.Percent(2) ? 500 : 5),
            "type" => random.Of("half", "pint", "stein"),
            "tapId" => QueryGrammar.Number(random, 1, 20),
            "order" => random.Of("asc", "desc"),
            "after_id" => QueryGrammar.Number(random, 0, 100_000),
            _ => QueryGrammar.Time(random),
        });
        var model = new QueryModel(query);
        var (page, size) = (model.Whole("page", 1, int.MaxValue) ?? 1, model.Whole("page_size", 1, 500) ?? 50);
        var (type, tapId) = (model.OneOf("type", "half", "pint", "stein"), model.Whole("tapId", 1, int.MaxValue));
        var (from, to) = (model.Time("from"), model.Time("to"));
        if (from >= to) model.Fault("to");
        var (order, after) = (model.OneOf("order", "asc", "desc"), model.Whole("after_id", 0, long.MaxValue));
        return Get("/api/beers" + query, id, model, json =>
        {
            var beers = json["beers"]!.AsArray();
            var ids = beers.Select(beer => (long)beer!["id"]!).ToList();
            if ((long)json["page"]! != page || (int)json["pageSize"]! != size || beers.Count > size) return "another page";
            if (!ids.SequenceEqual(order == "desc" ? ids.OrderDescending() : ids.Order()) || ids.Distinct().Count() != ids.Count) return "beers out of order";
            if (after is { } start && ids.Exists(one => order == "desc" ? one >= start : one <= start)) return "beers from before after_id";
            return beers.All(beer => (type is null || (string?)beer!["type"] == type) && (tapId is null || (int)beer!["tapId"]! == tapId)
                && (from is null || Ticks(beer!) >= from / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond)
                && (to is null || Ticks(beer!) < to)) ? null : "beers that the filter keeps out";
        });
    }

    private static Case Log(Random random, string id)
    {
        var query = QueryGrammar.Next(random, ["after", "after", "limit"], name => name == "after"
            ? random.Of("earliest", "abc-1", "k3x9q2ab-42")
            : QueryGrammar.Number(random, 1, random.Percent(2) ? 1000 : 5));
        if (!query.Contains("limit", StringComparison.Ordinal)) query = query.Length > 1 ? query + "&limit=3" : "?limit=3";
        var model = new QueryModel(query);
        var limit = model.Whole("limit", 1, 1000) ?? 100;
        model.Position("after", model.Single("after"));
        return Get("/api/events" + query, id, model, json =>
        {
            var seqs = json["events"]!.AsArray().Select(entry => Seq(entry!)).ToList();
            if (seqs.Count > limit) return "more than the limit";
            if (seqs.Zip(seqs.Skip(1)).Any(pair => pair.Second != pair.First + 1)) return "positions with gaps";
            return seqs.Count > 0 && Seq(json) != seqs[^1] ? "a position that is not the last event's" : null;
        });
    }

    private Case Known(Random random, string id)
    {
        if (ledger.Any(random) is not { } beer) return NoId(random, id);
        return Case.Of("GET", $"/api/beers/{(random.Percent(10) ? "000" : "")}{beer.Id}", id, "", null, answer =>
            ledger.IsDoomed(beer.Id) ? null
            : answer.Status != 200 ? "a beer that was made is not there"
            : (int)answer.Json["beer"]!["tapId"]! != beer.TapId || (double)answer.Json["beer"]!["volume"]! != beer.Volume ? "the beer is another" : null);
    }

    private static Case NoId(Random random, string id)
    {
        var (path, problem) = random.Percent(60) ? ("/api/beers/", "no-such-beer") : ("/api/taps/", "no-such-tap");
        return Case.Of(path == "/api/beers/" && random.Percent(30) ? "DELETE" : "GET", path + random.Of<string>(NoIds), id, "", null, answer => PourDoor.Refused(answer, 404, problem));
    }

    private Case Deletion(Random random, string id)
    {
        if (ledger.Doom(random) is not { } beer) return NoId(random, id);
        return Case.Of("DELETE", $"/api/beers/{beer}", id, "", null, answer =>
        {
            if (answer.Status != 204) return "a beer that was made could not be deleted";
            ledger.Gone(beer);
            return null;
        });
    }

    private static Case Address(Random random, string id)
    {
        var (method, path) = (random.Of<string>(Methods), random.Of<string>(Paths));
        var query = random.Percent(30) ? QueryGrammar.Next(random, ["x", "access_token"], _ => "1") : "";
        var headers = random.Percent(20) ? "Accept: text/html;q=NaN, */*;q=9\r\nRange: bytes=9-1\r\nIf-Modified-Since: never\r\nAccept-Encoding: gzip, ;;q=\r\n" : "";
        return Case.Of(method, path + query, id, headers, null, answer =>
            method.ToUpperInvariant() is "GET" or "HEAD" || !path.StartsWith("/api", StringComparison.OrdinalIgnoreCase) || answer.Status >= 400 ? null : "a method that is none was taken");
    }

    private static Case Get(string target, string id, QueryModel model, Func<JsonObject, string?> judge) => Case.Of("GET", target, id, "", null, answer =>
        model.Faults.Length > 0 ? PourDoor.Refused(answer, 400, "invalid-fields", model.Faults)
        : answer.Status != 200 ? "a good query was refused" : judge(answer.Json));

    private static long Ticks(JsonNode beer) => ((DateTime)beer["timestamp"]!).ToUniversalTime().Ticks;

    private static long Seq(JsonNode entry) => long.Parse(((string)entry["position"]!).Split('-')[1], CultureInfo.InvariantCulture);
}
