using System.Globalization;
using System.Text.Json;

namespace BeerTap.Stress.Fuzz;

/// <summary>What an operator posts to make a key. Few of the cases are good: each key that is made stays in the hub's file.</summary>
internal sealed class KeysApiDoor(int share, Uri hub, KeyedHub keys, int goodOnes, int cases, Findings findings) : PipelinedDoor("making keys", share, hub, findings)
{
    /// <summary>One good key in so many blocks; which blocks they are depends on how many ran, so a repeated block may have one more.</summary>
    private readonly long _goodEvery = Math.Max(1, cases / BlockSize * share / 100 / goodOnes);

    private int _made;

    protected override List<Case> Block(Random random, long first)
    {
        var (list, blocks) = (new List<Case>(BlockSize), Interlocked.Increment(ref _made));
        byte[] before = "{\"role\":\"tap\",\"tapId\":1}"u8.ToArray();
        for (var number = first; number < first + BlockSize; number++)
        {
            byte[] body = [.. Wish(random)];
            if (random.Percent(60)) body = Mutator.Spoil(random, body, before);
            before = body;
            var (good, faults) = Read(body);
            if (good && (number != first || blocks % _goodEvery != 0)) body = [.. body, (byte)'x'];
            if (good && body[^1] == 'x') (good, faults) = Read(body);
            list.Add(Case.Of("POST", "/api/keys", number.ToString(CultureInfo.InvariantCulture), $"Authorization: Bearer {keys.Operator}\r\nContent-Type: application/json\r\n", body, answer =>
                good ? Made(answer)
                : answer.Status != 400 || answer.Problem is not ("malformed-json" or "invalid-fields") ? "400 was due"
                : answer.Problem == "invalid-fields" && faults.Length > 0 && answer.Faults != faults ? $"faults in {faults} were due" : null));
        }

        return list;
    }

    private static byte[] Wish(Random random)
    {
        var role = random.Percent(70)
            ? random.Of("\"tap\"", "\"viewer\"", "\"operator\"")
            : random.Of("\"TAP\"", "\"\"", "1", "null", "[\"tap\"]", "\"tap \"", "\"\\ud800\"");
        var fields = new List<string> { $"\"role\":{role}" };
        if (random.Percent(60)) fields.Add($"\"tapId\":{(random.Percent(60) ? QueryGrammar.Number(random, 1, 20) : PourGrammar.OddNumber(random))}");
        if (random.Percent(50)) fields.Add($"\"name\":{(random.Percent(60) ? "\"left bar\"" : $"\"{PourGrammar.OddText(random)}\"")}");
        if (random.Percent(5)) fields.Add($"\"{PourGrammar.OddText(random)}\":{PourGrammar.Value(random, random.Next(1, 6))}");
        if (random.Percent(5)) fields.Add(random.Of<string>([.. fields]));
        return $"{{{string.Join(',', fields)}}}".Utf8();
    }

    /// <summary>Whether a key is due, and if not the fields at fault, as far as the form is right.</summary>
    private static (bool Good, string Faults) Read(byte[] body)
    {
        using var document = JsonModel.Parse(body);
        if (document?.RootElement.ValueKind != JsonValueKind.Object) return (false, "");
        var fields = JsonModel.Fields(document.RootElement).ToList();
        if (fields.Exists(field => field.Name is not ("role" or "tapId" or "name")) || fields.DistinctBy(field => field.Name).Count() != fields.Count) return (false, "");
        var (role, tapId, name) = (Value(fields, "role"), Value(fields, "tapId"), Value(fields, "name"));
        if (fields.Exists(field => field.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)) return (false, "");
        var text = role is { } known ? JsonModel.Text(known) : null;
        var isTap = text == "tap";
        var faults = new SortedSet<string>(StringComparer.Ordinal);
        if (text is not ("tap" or "viewer" or "operator")) return (false, "");
        if (isTap != tapId is { ValueKind: not JsonValueKind.Null }) faults.Add("tapId");
        if (isTap && tapId is { ValueKind: not JsonValueKind.Null } tap && !(tap.ValueKind == JsonValueKind.Number && tap.TryGetInt32(out var id) && id >= 1)) faults.Add("tapId");
        if (name is { ValueKind: not JsonValueKind.Null } label)
        {
            if (JsonModel.Text(label) is not { } called) return (false, "");
            if (called.Length is 0 or > 64 || called.Any(char.IsControl)) faults.Add("name");
        }

        return (faults.Count == 0, string.Join(',', faults));
    }

    private static JsonElement? Value(List<(string? Name, JsonElement Value)> fields, string name) =>
        fields.Where(field => field.Name == name).Select(field => (JsonElement?)field.Value).FirstOrDefault();

    private static string? Made(Answer answer) =>
        answer.Status != 201 ? "a good key was refused"
        : ((string)answer.Json["text"]!).StartsWith("bt_", StringComparison.Ordinal) && answer.Header("Cache-Control") == "no-store" ? null
        : "a key of another form";
}
