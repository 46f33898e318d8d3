using System.Globalization;
using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>Keys and what looks like them, in every place where a key may be, against a hub that asks for one.</summary>
internal sealed class KeyDoor(int share, Uri hub, KeyedHub keys, Findings findings) : PipelinedDoor("keys and authorization", share, hub, findings)
{
    private enum Bearer
    {
        Nobody,
        Refused,
        Viewer,
        Tap,
        Operator,
    }

    protected override List<Case> Block(Random random, long first)
    {
        var cases = new List<Case>(BlockSize);
        while (cases.Count < BlockSize) cases.Add(Next(random, (first + cases.Count).ToString(CultureInfo.InvariantCulture)));
        return cases;
    }

    private Case Next(Random random, string id)
    {
        string? header = null, authorization = null, query = null;
        var headers = "";
        var one = Text(random);
        if (random.Percent(50))
        {
            authorization = random.Of("Bearer ", "bearer ", "BEARER ", "Bearer  ", "Bearer", "Basic ", "Digest ", "Bearer\t", "Token ", "") + one;
            headers += $"Authorization: {authorization}\r\n";
        }

        if (random.Percent(40))
        {
            header = random.Percent(60) ? one : Text(random);
            headers += $"{random.Of("X-Api-Key", "x-api-key", "X-API-KEY")}: {header}\r\n";
        }

        if (random.Percent(15)) query = random.Percent(60) ? one : Text(random);
        var who = Who(header?.Trim(' ', '\t') ?? "", authorization?.Trim(' ', '\t') ?? "", query);
        var at = query is null ? "" : $"?{random.Of("access_token", "ACCESS_TOKEN", "access%5Ftoken")}={Uri.EscapeDataString(query)}";
        return random.Next(6) switch
        {
            0 => Case.Of("GET", "/api/beers/999999999" + at, id, headers, null, answer => Judge(answer, who, Bearer.Viewer, 404, "no-such-beer", without: Bearer.Tap)),
            1 => Case.Of("POST", "/api/beers" + at, id, headers + "Content-Type: application/json\r\n", "{}"u8.ToArray(), answer => Judge(answer, who, Bearer.Tap, 400, "invalid-fields")),
            2 => Case.Of("DELETE", "/api/beers/999999999" + at, id, headers, null, answer => Judge(answer, who, Bearer.Operator, 404, "no-such-beer")),
            3 => Case.Of("DELETE", $"/api/keys/{NoKey(random)}{at}", id, headers, null, answer => Judge(answer, who, Bearer.Operator, 404, "no-such-key")),
            4 => Case.Of("DELETE", "/api/keys/file-" + random.Of("operator", "tap", "viewer") + at, id, headers, null, answer => Judge(answer, who, Bearer.Operator, 409, "configured-key")),
            _ => Case.Of("GET", "/api/events?after=nonsense" + at.Replace('?', '&'), id, headers, null, answer => Judge(answer, who, Bearer.Viewer, 400, "invalid-fields")),
        };
    }

    /// <summary>Whose key it is, by the words of docs/protocol.md. None of these addresses takes a key in its query.</summary>
    private Bearer Who(string header, string authorization, string? query)
    {
        var bearer = authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? authorization["Bearer ".Length..].Trim() : null;
        if (query is not null || (header.Length > 0 && bearer is not null && bearer != header)) return Bearer.Refused;
        var text = bearer ?? header;
        return text.Length == 0 ? Bearer.Nobody : text == keys.Operator ? Bearer.Operator : text == keys.Tap ? Bearer.Tap : text == keys.Viewer ? Bearer.Viewer : Bearer.Refused;
    }

    private static string? Judge(Answer answer, Bearer who, Bearer least, int status, string problem, Bearer? without = null) =>
        who == Bearer.Nobody ? PourDoor.Refused(answer, 401, "no-key")
        : who == Bearer.Refused ? PourDoor.Refused(answer, 401, "bad-key")
        : who < least || who == without ? PourDoor.Refused(answer, 403, "not-allowed")
        : PourDoor.Refused(answer, status, problem);

    private static string NoKey(Random random) => random.Of("none", "file-none", "FILE-TAP", "%20", "aaaaaaaa", "%f0%9f%94%91", new string('k', 300));

    /// <summary>A good key, one that nearly is, or nothing like one.</summary>
    private string Text(Random random)
    {
        var good = random.Of(keys.Operator, keys.Tap, keys.Viewer);
        return random.Next(12) switch
        {
            < 5 => good,
            5 => good[..random.Next(good.Length)],
            6 => good + random.Of("0", "x", ",", ", x", "=", "%00"),
            7 => good.ToUpperInvariant(),
            8 => Encoding.Latin1.GetString(random.Of(
                "", "bt_", "null", "é", "🔑", "a b", "\"\"", "Bearer", new string('a', 256), new string('a', 257), new string('k', 4000)).Utf8()),
            9 => "bt_" + Convert.ToBase64String(random.Bytes(32)),
            10 => $"{good} {good}",
            _ => string.Concat(good.Select((c, at) => at == random.Next(good.Length) ? (char)random.Next('!', '~') : c)),
        };
    }
}
