using System.Text.Json;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Security;

/// <summary>Reads <c>{"role":"tap","tapId":1,"name":"left bar"}</c>; every fault is told by field. Unknown fields are refused: a mistyped
/// <c>tapId</c> must not make a key that may do more than was meant.</summary>
internal static class KeyReader
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    public static (KeyWish? Wish, Problem? Refusal) Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var body = JsonDocument.Parse(json, Options);
            if (body.RootElement.ValueKind != JsonValueKind.Object) return (null, Refusals.MalformedJson("The body must be an object such as {\"role\":\"tap\",\"tapId\":1}."));
            return Read(body.RootElement);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second is the reader's word for text that is no Unicode, such as a lone surrogate.
            return (null, Refusals.MalformedJson("The body must be one JSON object without doubled fields."));
        }
    }

    private static (KeyWish?, Problem?) Read(JsonElement fields)
    {
        var errors = new FieldErrors();
        string? role = null, name = null;
        int? tapId = null;
        foreach (var field in fields.EnumerateObject())
        {
            switch (field.Name)
            {
                case "role": role = Text(field.Value, field.Name, errors); break;
                case "name": name = field.Value.ValueKind == JsonValueKind.Null ? null : Text(field.Value, field.Name, errors); break;
                case "tapId" when field.Value.ValueKind == JsonValueKind.Null: break;
                case "tapId":
                    // What is no whole number is told in the words for one that is too small.
                    tapId = field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out var number) ? number : 0;
                    break;
                default: return (null, Refusals.MalformedJson("The only fields are role, tapId and name."));
            }
        }

        var wish = KeyWish.Read(role, tapId, name, (field, fault) =>
        {
            if (!errors.Has(field)) errors.Add(field, fault);
        });
        return errors.Any ? (null, errors.ToProblem()) : (wish, null);
    }

    private static string? Text(JsonElement value, string name, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        errors.Add(name, "must be text.");
        return null;
    }
}
