namespace BeerTap.Server.Transfer;

/// <summary>Pours as one JSON object a line, with the fields of <c>POST /api/beers</c> and those that an export adds: <c>position</c>, <c>type</c> and <c>pouredAtClaimed</c>.</summary>
internal static class JsonLines
{
    public static IEnumerable<Record> Read(Letters letters)
    {
        while (true)
        {
            var line = letters.Line;
            if (letters.ReadLine(Record.Longest) is not { } text) yield break;
            if (text.Length > Record.Longest) yield return new Record(line, Fault: "is longer than 64 KiB");
            else if (!string.IsNullOrWhiteSpace(text)) yield return new Record(line, text);
        }
    }
}
