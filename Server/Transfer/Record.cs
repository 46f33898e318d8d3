using System.Text;
using System.Text.Json;

namespace BeerTap.Server.Transfer;

/// <summary>Represents one line of a file of pours, or one record that spans several lines.</summary>
/// <param name="Line">Its first line's number, from 1.</param>
/// <param name="Json">The pour as an object, which is read as one that is posted.</param>
/// <param name="Fault">Why it cannot be read at all; null when it can.</param>
internal sealed record Record(long Line, string Json = "", string? Fault = null)
{
    public const string
        PositionName = "position", TapIdName = "tapId", TypeName = "type", VolumeName = "volume", PouredAtName = "pouredAt", PourIdName = "pourId",
        ClaimedName = "pouredAtClaimed";

    /// <summary>The names of the columns, and of the JSON fields, in the order in which they are written.</summary>
    public static readonly IReadOnlyList<string> Names = [PositionName, TapIdName, TypeName, VolumeName, PouredAtName, PourIdName, ClaimedName];

    /// <summary>A record longer than this is none: no pour is, and memory must not grow with a file.</summary>
    public const int Longest = 64 * 1024;

    /// <summary>Makes the object from the fields of a table; one that is null is left out.</summary>
    public static Record OfFields(long line, Func<string, string?> field)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var name in Names)
            {
                if (field(name) is not { } text) continue;
                json.WritePropertyName(name);
                if (name is TapIdName or VolumeName && IsNumber(text)) json.WriteRawValue(text);
                else json.WriteStringValue(text);
            }

            json.WriteEndObject();
        }

        return new Record(line, Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    /// <summary>Whether a text is a number of JSON; any other is passed on as text, for the reader to refuse by name.</summary>
    private static bool IsNumber(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text));
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
