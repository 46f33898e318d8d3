using System.Globalization;
using System.Text.Json;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

/// <summary>Reads pours from JSON at the door: every fault of a pour is found in one pass and told by field.</summary>
/// <remarks>
/// Read by hand because a deserialiser stops at the first fault, cannot say which field it was in words a device maker understands, and
/// takes a field that is there twice. Unknown fields are passed over, so that newer taps can talk to older hubs.
/// </remarks>
internal sealed class PourReader(GlassTypes glasses, TimeProvider time)
{
    public const int LongestPourId = 64;

    /// <summary>A device's clock may be ahead of the hub's, but not by more than this.</summary>
    private static readonly TimeSpan LongestClockLead = TimeSpan.FromDays(1);

    private static readonly DateTimeOffset EarliestPour = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A pour is flat; unknown fields of newer taps may nest this deep and no deeper.</summary>
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 16 };

    /// <summary>Reads one pour that is the whole body.</summary>
    /// <param name="key">The header <c>Idempotency-Key</c>, which stands for a missing <c>pourId</c>.</param>
    public (PourBeer? Pour, Problem? Refusal) ReadOne(ReadOnlySpan<byte> json, string? key)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            if (!reader.Read()) return (null, Refusals.MalformedJson("The body is empty."));
            if (reader.TokenType != JsonTokenType.StartObject)
                return (null, Refusals.MalformedJson("The body must be an object such as {\"tapId\":1,\"volume\":330.5}."));

            var errors = new FieldErrors();
            var pour = ReadPour(ref reader, errors, key);
            RefuseTrailing(ref reader);
            return errors.Any ? (null, errors.ToProblem()) : (pour, null);
        }
        catch (JsonException fault)
        {
            return (null, Refusals.MalformedJson(Describe(fault, json.Length)));
        }
    }

    /// <summary>Reads <c>{"beers":[…]}</c>; a bad pour is a refusal at its own place in the list.</summary>
    public (List<(PourBeer? Pour, Problem? Refusal)>? Pours, Problem? Refusal) ReadMany(ReadOnlySpan<byte> json, int most)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            if (!reader.Read()) return (null, Refusals.MalformedJson("The body is empty."));
            if (reader.TokenType != JsonTokenType.StartObject) return (null, Refusals.MalformedJson("The body must be an object {\"beers\":[…]}."));

            List<(PourBeer?, Problem?)>? pours = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isBeers = IsName(ref reader, "beers"u8);
                reader.Read();
                if (!isBeers)
                {
                    reader.Skip();
                    continue;
                }

                if (pours is not null) return (null, Refusals.InvalidField("beers", "is there twice."));
                if (reader.TokenType != JsonTokenType.StartArray) return (null, Refusals.InvalidField("beers", "must be a list of pours."));
                pours = ReadPours(ref reader, most);
            }

            RefuseTrailing(ref reader);
            return pours switch
            {
                null => (null, Refusals.InvalidField("beers", "is required: a list of pours.")),
                { Count: 0 } => (null, Refusals.InvalidField("beers", "must hold at least one pour.")),
                _ when pours.Count > most => (null, Refusals.InvalidField("beers", Text($"must hold at most {most} pours."))),
                _ => (pours, null),
            };
        }
        catch (JsonException fault)
        {
            return (null, Refusals.MalformedJson(Describe(fault, json.Length)));
        }
    }

    private List<(PourBeer?, Problem?)> ReadPours(ref Utf8JsonReader reader, int most)
    {
        var pours = new List<(PourBeer?, Problem?)>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (pours.Count > most)
            {
                reader.Skip();
                continue;
            }

            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                pours.Add((null, Refusals.MalformedJson("A pour must be an object such as {\"tapId\":1,\"volume\":330.5}.")));
                continue;
            }

            var errors = new FieldErrors();
            var pour = ReadPour(ref reader, errors, key: null);
            pours.Add(errors.Any ? (null, errors.ToProblem()) : (pour, null));
        }

        return pours;
    }

    private PourBeer? ReadPour(ref Utf8JsonReader reader, FieldErrors errors, string? key)
    {
        var seen = Field.None;
        var tapId = 0;
        var volume = 0.0;
        string? pourId = null, type = null;
        DateTimeOffset? pouredAt = null;

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (field, name) = FieldOf(ref reader);
            reader.Read();
            if (field is Field.None)
            {
                reader.Skip();
                continue;
            }

            if ((seen & field) != 0) errors.Add(name, "is there twice.");
            seen |= field;
            switch (field)
            {
                case Field.TapId: tapId = ReadTapId(ref reader, errors); break;
                case Field.Volume: volume = ReadVolume(ref reader, errors, out type); break;
                case Field.PourId: pourId = ReadPourId(ref reader, errors); break;
                case Field.PouredAt: pouredAt = ReadPouredAt(ref reader, errors); break;
            }
        }

        if ((seen & Field.TapId) == 0) errors.Add("tapId", "is required: the number of the tap.");
        if ((seen & Field.Volume) == 0) errors.Add("volume", "is required: millilitres.");
        if (key is not null)
        {
            if (pourId is not null && pourId != key) errors.Add("pourId", "differs from the header Idempotency-Key; send one of them, or the same.");
            pourId ??= key;
        }

        return errors.Any ? null : new PourBeer(tapId, type!, volume, Milliseconds(pouredAt ?? time.GetUtcNow()), pourId);
    }

    private static int ReadTapId(ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var tapId) && tapId >= 1) return tapId;
        errors.Add("tapId", "must be a whole number from 1 to 2147483647.");
        reader.Skip();
        return 0;
    }

    private double ReadVolume(ref Utf8JsonReader reader, FieldErrors errors, out string? type)
    {
        type = null;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var volume) || !double.IsFinite(volume))
        {
            errors.Add("volume", "must be a number of millilitres.");
            reader.Skip();
            return 0;
        }

        type = glasses.Classify(volume);
        if (type is null) errors.Add("volume", Text($"must be from {glasses.Smallest} to {glasses.Largest} ml; no glass holds {volume} ml."));
        return volume;
    }

    private static string? ReadPourId(ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (TextOf(ref reader) is not { } pourId)
        {
            errors.Add("pourId", Text($"must be text of 1 to {LongestPourId} characters."));
            return null;
        }

        if (FaultOfPourId(pourId) is { } fault) errors.Add("pourId", fault);
        return pourId;
    }

    /// <summary>What is wrong with a pour id, or null. Control characters are refused: they would spoil logs and exports.</summary>
    public static string? FaultOfPourId(string pourId)
    {
        if (pourId.Length is 0 or > LongestPourId) return Text($"must be 1 to {LongestPourId} characters.");
        return pourId.Any(char.IsControl) ? "must not hold control characters." : null;
    }

    private DateTimeOffset? ReadPouredAt(ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (TextOf(ref reader) is not { } text || !Instant.TryParse(text, out var at))
        {
            errors.Add("pouredAt", "must be an ISO 8601 time with Z or an offset, such as 2026-11-21T18:30:00Z.");
            return null;
        }

        if (at > time.GetUtcNow() + LongestClockLead) errors.Add("pouredAt", "is more than a day ahead of the hub's clock.");
        else if (at < EarliestPour) errors.Add("pouredAt", "is before the year 2000; is the device's clock set?");
        return at;
    }

    /// <summary>The text of a string token, or null (the token is then passed over) when it is no text or no valid Unicode.</summary>
    private static string? TextOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // The reader's word for bytes or escapes that are not Unicode, such as a lone surrogate.
            return null;
        }
    }

    private static (Field Field, string Name) FieldOf(ref Utf8JsonReader reader) =>
        IsName(ref reader, "tapId"u8) ? (Field.TapId, "tapId")
        : IsName(ref reader, "volume"u8) ? (Field.Volume, "volume")
        : IsName(ref reader, "pourId"u8) ? (Field.PourId, "pourId")
        : IsName(ref reader, "pouredAt"u8) ? (Field.PouredAt, "pouredAt")
        : (Field.None, "");

    /// <summary>Whether a field has this name; one that is not Unicode, such as a lone surrogate, is nobody's, and so unknown.</summary>
    private static bool IsName(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // The reader's word for an escape that is not Unicode; it only meets it when the name is about as long as this one.
            return false;
        }
    }

    private static void RefuseTrailing(ref Utf8JsonReader reader)
    {
        // At the end of the one value, a further Read either says false or throws for what follows it.
        while (reader.Read())
        {
        }
    }

    private static DateTime Milliseconds(DateTimeOffset at) =>
        DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()).UtcDateTime;

    private static string Describe(JsonException fault, int length) =>
        length == 0
            ? "The body is empty."
            : Text($"It breaks at line {(fault.LineNumber ?? 0) + 1}, byte {(fault.BytePositionInLine ?? 0) + 1}.");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [Flags]
    private enum Field
    {
        None = 0,
        TapId = 1,
        Volume = 2,
        PourId = 4,
        PouredAt = 8,
    }
}
