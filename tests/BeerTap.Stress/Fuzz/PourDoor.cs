using System.Globalization;
using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>Single posts: each is judged by a model of the pour that knows nothing of the hub's reader.</summary>
internal sealed class PourDoor(int share, Uri hub, Ledger ledger, Findings findings) : PipelinedDoor("single posts", share, hub, findings)
{
    private static readonly (string Header, bool IsJson)[] MediaTypes =
    [
        ("application/json; charset=utf-8", true), ("APPLICATION/JSON", true), ("application/json;charset=\"utf-8\"", true),
        ("application/json; x=y", true),
        ("text/plain", false), ("", false), ("application/jsonx", false), ("application/json; charset=utf-16", false), (";", false),
        ("json", false), ("application/json, text/plain", false),
        ("application/problem+json", false), ("multipart/form-data; boundary=x", false), ("application/json; charset=", false),
    ];

    protected override List<Case> Block(Random random, long first)
    {
        var cases = new List<Case>(BlockSize);
        var pours = new KnownPours(ledger);
        byte[] before = "{\"tapId\":1,\"volume\":500}"u8.ToArray();
        for (var number = first; number < first + BlockSize; number++)
        {
            var body = random.Percent(8) ? before : PourGrammar.Pour(random, $"p{number}");
            if (random.Percent(45)) body = Mutator.Spoil(random, body, before);
            before = body;
            var (mediaType, isJson) = random.Percent(4) ? random.Of<(string, bool)>(MediaTypes) : ("application/json", true);
            var (header, key, keyIsGood) = random.Percent(15) ? Key(random, number) : ("", null, true);
            cases.Add(Case.Of("POST", "/api/beers", number.ToString(CultureInfo.InvariantCulture), $"Content-Type: {mediaType}\r\n{header}", body, answer =>
                // Which of the two is told first is nobody's business.
                !keyIsGood && (isJson || answer.Status == 400) ? Refused(answer, 400, "invalid-fields", "Idempotency-Key")
                : !isJson ? Refused(answer, 415, "wrong-media-type")
                : Judge(answer, PourModel.Read(body, key), pours)));
        }

        return cases;
    }

    /// <summary>What is wrong with a refusal that had to be this one, or null.</summary>
    public static string? Refused(Answer answer, int status, string problem, string faults = "") =>
        answer.Status != status || answer.Problem != problem || (faults.Length > 0 && answer.Faults != faults) ? $"{status} {problem} {faults} was due" : null;

    private static string? Judge(Answer answer, PourModel pour, KnownPours pours)
    {
        if (pour.Malformed) return Refused(answer, 400, "malformed-json");
        if (!pour.IsGood) return Refused(answer, 400, "invalid-fields", pour.Faults);
        var beer = answer.Status is 200 or 201 ? answer.Json["beer"]!.AsObject() : null;
        return pours.Judge(pour, answer.Status, beer)
            ?? (answer.Status == 200 && answer.Header("Idempotency-Replayed") != "true" ? "a replay that does not say so" : null)
            ?? (answer.Status == 201 && answer.Header("Location") != $"/api/beers/{beer!["id"]}" ? "a new beer at another address" : null)
            ?? (answer.Status == 409 && answer.Problem != "pour-id-reused" ? "a conflict of another kind" : null);
    }

    /// <summary>The header <c>Idempotency-Key</c>: bare, quoted, or none that could be one.</summary>
    private static (string Header, string? Key, bool IsGood) Key(Random random, long number)
    {
        var text = random.Percent(50) ? $"p{number}" : random.Of($"k{number}", new string('a', 64), new string('a', 65), "", "\"", "\"\"", "a\"b", "\"a", "é", "a\tb", "x y", "p0, p1");
        var sent = random.Percent(40) ? $"\"{text}\"" : text;
        var header = $"Idempotency-Key: {Encoding.Latin1.GetString(sent.Utf8())}\r\n";
        if (random.Percent(5)) return (header + header, null, false);
        var bare = sent.Length >= 2 && sent[0] == '"' && sent[^1] == '"' ? sent[1..^1] : sent;
        return (header, bare, !bare.Contains('"', StringComparison.Ordinal) && PourModel.IsPourId(bare));
    }
}
