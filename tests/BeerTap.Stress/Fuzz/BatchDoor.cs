using System.Globalization;
using System.Text.Json.Nodes;

namespace BeerTap.Stress.Fuzz;

/// <summary>Batches: each pour of one is judged as it would have been alone.</summary>
internal sealed class BatchDoor(int share, Uri hub, Ledger ledger, Findings findings) : PipelinedDoor("batches", share, hub, findings)
{
    protected override List<Case> Block(Random random, long first)
    {
        var cases = new List<Case>(BlockSize);
        var pours = new KnownPours(ledger);
        byte[] before = "{\"beers\":[{\"tapId\":1,\"volume\":500}]}"u8.ToArray();
        for (var number = first; number < first + BlockSize; number++)
        {
            var body = Batch(random, number);
            if (random.Percent(50)) body = Mutator.Spoil(random, body, before);
            before = body;
            cases.Add(Case.Of("POST", "/api/beers/batch", number.ToString(CultureInfo.InvariantCulture), "Content-Type: application/json\r\n", body, answer => Judge(answer, body, pours)));
        }

        return cases;
    }

    private static byte[] Batch(Random random, long number)
    {
        var count = random.Percent(1) && random.Percent(20) ? random.Of(499, 500, 501, 502, 2000) : random.Next(0, 6);
        List<byte> body = [.. "{"u8];
        if (random.Percent(5)) body.AddRange($"\"{PourGrammar.OddText(random)}\":{PourGrammar.Value(random, random.Next(1, 20))},".Utf8());
        body.AddRange(random.Percent(3) ? "\"bee\\u0072s\":["u8 : "\"beers\":["u8);
        for (var i = 0; i < count; i++)
        {
            if (i > 0) body.Add((byte)',');
            body.AddRange(count > 10 ? "0"u8.ToArray() : random.Percent(4) ? PourGrammar.Value(random, random.Next(1, 17)).Utf8() : PourGrammar.Pour(random, $"b{number}-{random.Next(i + 1)}"));
        }

        body.Add((byte)']');
        if (random.Percent(3)) body.AddRange(",\"beers\":[]"u8);
        body.Add((byte)'}');
        return [.. body];
    }

    private static string? Judge(Answer answer, byte[] body, KnownPours known)
    {
        var (pours, fault) = PourModel.ReadMany(body);

        // Of two faults of a batch as a whole, one in its form and one in its list, the one that comes first is told.
        if (pours is null && fault.Length == 0) return answer.Status == 400 && answer.Problem is "malformed-json" or "invalid-fields" ? null : "400 malformed-json was due";
        if (pours is null) return PourDoor.Refused(answer, 400, "invalid-fields", fault);
        if (answer.Status != 200) return "a good batch was refused";
        var results = answer.Json["results"]!.AsArray();
        if (results.Count != pours.Count) return $"{results.Count} results for {pours.Count} pours";
        for (var i = 0; i < pours.Count; i++)
        {
            if (JudgeOne(results[i]!, pours[i], known) is { } wrong) return $"pour {i}: {wrong}";
        }

        return null;
    }

    private static string? JudgeOne(JsonNode result, PourModel pour, KnownPours known)
    {
        var status = (int)result["status"]!;
        if (pour.IsGood) return known.Judge(pour, status, result["beer"]?.AsObject());
        var problem = (string)result["problem"]!["type"]!;
        if (status != 400 || problem != $"urn:beertap:problem:{(pour.Malformed ? "malformed-json" : "invalid-fields")}") return "a bad pour was not refused as what it is";
        var faults = pour.Malformed ? "" : string.Join(',', result["problem"]!["errors"]!.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        return faults != pour.Faults ? $"faults in {pour.Faults} were due" : null;
    }
}
