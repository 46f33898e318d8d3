using System.Text.Json;

namespace BeerTap.Server.Transfer;

/// <summary>Pours as one JSON object a line, with the fields of <c>POST /api/beers</c> and two more: <c>position</c> and <c>type</c>.</summary>
internal static class JsonLines
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    public static IEnumerable<Record> Read(Letters letters)
    {
        while (true)
        {
            var line = letters.Line;
            if (letters.ReadLine(Record.Longest) is not { } text) yield break;
            if (text.Length > Record.Longest) yield return new Record(line, Fault: "is longer than 64 KiB");
            else if (!string.IsNullOrWhiteSpace(text)) yield return ReadLine(line, text);
        }
    }

    private static Record ReadLine(long line, string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Options);
            if (json.RootElement.ValueKind != JsonValueKind.Object) return new Record(line, Fault: "is not a JSON object");
            return Record.Read(line, name => json.RootElement.TryGetProperty(name, out var field) ? TextOf(field) : null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second is the reader's word for text that is not Unicode.
            return new Record(line, Fault: "is not valid JSON");
        }
    }

    // A number stays as it is written: a volume is read once, by who checks it.
    private static string? TextOf(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => field.GetString(),
        _ => field.GetRawText(),
    };
}
