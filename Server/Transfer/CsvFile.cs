using System.Text;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Transfer;

/// <summary>Pours as comma-separated values (RFC 4180): the first record names the columns; what holds a comma, a quote or a line break stands in quotes.</summary>
internal static class CsvFile
{
    private const string
        TooLong = "is longer than 64 KiB",
        Unclosed = "has a quote that is never closed",
        BehindQuote = "has text behind a closing quote",
        InField = "has a quote within a field that does not begin with one";

    public static string Header => string.Join(',', Record.Names);

    public static string Line(IEnumerable<string?> fields) => string.Join(',', fields.Select(field => field is null ? "" : Quoted(CsvText.Write(field))));

    /// <summary>Every record behind the one that names the columns.</summary>
    /// <exception cref="InvalidDataException">The columns are not named, or not all that are needed.</exception>
    public static IEnumerable<Record> Read(Letters letters, Action<string> say)
    {
        var (columns, fault, _) = ReadRecord(letters);
        return ReadRows(letters, columns?.Count ?? 0, PlacesOf(columns ?? [], fault, say));
    }

    private static IEnumerable<Record> ReadRows(Letters letters, int columns, Dictionary<string, int> places)
    {
        while (letters.Peek() != Letters.End)
        {
            var (fields, fault, line) = ReadRecord(letters);
            if (fields is [""] && fault is null) continue;
            if (fields is not null && fields.Count != columns) fault ??= $"has {fields.Count} fields, and not {columns} as the first line";
            yield return fault is not null
                ? new Record(line, Fault: fault)
                : Record.OfFields(line, name => places.TryGetValue(name, out var place) && fields![place].Length > 0 ? CsvText.Read(fields[place]) : null);
        }
    }

    private static Dictionary<string, int> PlacesOf(List<string> columns, string? fault, Action<string> say)
    {
        if (fault is not null) throw new InvalidDataException($"The first line {fault}.");
        var places = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var place = 0; place < columns.Count; place++)
        {
            if (!places.TryAdd(columns[place].Trim(), place)) throw new InvalidDataException($"The first line names the column {columns[place]} twice.");
        }

        string[] needed = [Record.TapIdName, Record.VolumeName, Record.PouredAtName];
        if (needed.Any(name => !places.ContainsKey(name)))
        {
            throw new InvalidDataException(
                $"The first line must name the columns, among them {string.Join(", ", needed)}, separated by commas; it is '{string.Join(',', columns)}'.");
        }

        var unread = places.Keys.Except(Record.Names, StringComparer.OrdinalIgnoreCase).ToList();
        if (unread.Count > 0) say($"Columns that are not read: {string.Join(", ", unread)}");
        return places;
    }

    /// <summary>One record; one that cannot be read is passed over to the end of the line it breaks in.</summary>
    private static (List<string>? Fields, string? Fault, long Line) ReadRecord(Letters letters)
    {
        var line = letters.Line;
        var fields = new List<string>();
        var field = new StringBuilder();
        var length = 0;
        while (true)
        {
            if (field.Length == 0 && letters.Peek() == '"')
            {
                letters.Read();
                if (!ReadQuoted(letters, field, ref length)) return (null, letters.Peek() == Letters.End ? Unclosed : Skip(letters, TooLong), line);
                if (letters.Peek() is not (',' or '\r' or '\n' or Letters.End)) return (null, Skip(letters, BehindQuote), line);
            }

            var letter = letters.Read();
            if (letter == '\r' && letters.Peek() == '\n') letter = letters.Read();
            if (++length > Record.Longest && letter is not ('\n' or Letters.End)) return (null, Skip(letters, TooLong), line);
            if (letter is ',' or '\n' or Letters.End)
            {
                fields.Add(field.ToString());
                field.Clear();
                if (letter != ',') return (fields, null, line);
            }
            else if (letter == '"') return (null, Skip(letters, InField), line);
            else field.Append((char)letter);
        }
    }

    /// <summary>Reads behind an opening quote to the closing one; false when there is none soon.</summary>
    private static bool ReadQuoted(Letters letters, StringBuilder field, ref int length)
    {
        while (++length <= Record.Longest)
        {
            var letter = letters.Read();
            if (letter == Letters.End) return false;
            if (letter == '"')
            {
                if (letters.Peek() != '"') return true;
                letters.Read();
            }

            field.Append((char)letter);
        }

        return false;
    }

    private static string Skip(Letters letters, string fault)
    {
        letters.ReadLine(0);
        return fault;
    }

    private static string Quoted(string field) =>
        field.AsSpan().ContainsAny(",\"\r\n") || field.Trim() != field ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
