using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// JSON as docs/protocol.md has it, from the document model of the framework; names and text are unescaped here, so that the hub's reader is not
/// judged by itself.
/// </summary>
internal static class JsonModel
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The document, or null when it is not JSON or nests deeper than 16.</summary>
    public static JsonDocument? Parse(byte[] json)
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The fields of an object in order; one whose name is not Unicode has none, and so is unknown.</summary>
    public static IEnumerable<(string? Name, JsonElement Value)> Fields(JsonElement element)
    {
        foreach (var field in element.EnumerateObject()) yield return (Unescape(JsonMarshal.GetRawUtf8PropertyName(field)), field.Value);
    }

    /// <summary>The text of a string, or null when it is none or not Unicode.</summary>
    public static string? Text(JsonElement element) => element.ValueKind == JsonValueKind.String ? Unescape(JsonMarshal.GetRawUtf8Value(element)[1..^1]) : null;

    private static string? Unescape(ReadOnlySpan<byte> raw)
    {
        string escaped;
        try
        {
            escaped = Strict.GetString(raw);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var text = new StringBuilder();
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                text.Append(escaped[i]);
                continue;
            }

            var kind = escaped[++i];
            if (kind == 'u')
            {
                text.Append((char)int.Parse(escaped.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
            {
                text.Append(kind switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', _ => kind });
            }
        }

        return IsUnicode(text.ToString()) ? text.ToString() : null;
    }

    private static bool IsUnicode(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }

        return true;
    }
}
