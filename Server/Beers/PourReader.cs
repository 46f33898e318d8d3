using System.Globalization;
using System.Text.Json;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

/// <summary>Reads pours from JSON at the door: every fault of a pour is found in one pass and told by field.</summary>
/// <remarks>
/// Read by hand because a deserialiser stops at the first fault, cannot say which field it was in words a device maker understands, and
/// takes a field that is there twice. Unknown fields are passed over, so that newer taps can talk to older hubs.
/// </remarks>
internal sealed class PourReader(GlassTypes glasses, PourTimes times)
{
    public const int LongestPourId = 64;

    /// <summary>Millilitres in one glass of any table, so that sums stay exact.</summary>
    private const double MostVolume = 1_000_000;

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
            var pour = ReadPour(ref reader, errors, key, file: null);
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
            var pour = ReadPour(ref reader, errors, key: null, file: null);
            pours.Add(errors.Any ? (null, errors.ToProblem()) : (pour, null));
        }

        return pours;
    }

    /// <summary>Reads a pour of a file that is imported: by the rules of a pour that is posted, and with the fields that an export has more.</summary>
    /// <param name="idOf">The id of a pour that names none, from the position that it names.</param>
    /// <returns>The pour, and the position that it had in the log it comes from when it has no other id; or why it is not taken.</returns>
    public (PourBeer? Pour, Position? Position, string? Fault) ReadExported(ReadOnlySpan<byte> json, Func<Position?, string?> idOf)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return (null, null, "is not a JSON object");
            var (errors, file) = (new FieldErrors(), new FileFields(idOf));
            var pour = ReadPour(ref reader, errors, key: null, file);
            RefuseTrailing(ref reader);
            return errors.Any ? (null, null, errors.ToString()) : (pour, file.IsKnownByPosition ? file.Position : null, null);
        }
        catch (JsonException)
        {
            return (null, null, "is not valid JSON");
        }
    }

    private PourBeer? ReadPour(ref Utf8JsonReader reader, FieldErrors errors, string? key, FileFields? file)
    {
        var seen = Field.None;
        var tapId = 0;
        var volume = 0.0;
        string? pourId = null, type = null;
        DateTime? pouredAt = null;

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (field, name) = FieldOf(ref reader);
            if (field is Field.None && file is not null) (field, name) = FileFields.FieldOf(ref reader);
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
                case Field.Volume: volume = ReadVolume(ref reader, errors); break;
                case Field.PourId: pourId = ReadPourId(ref reader, errors); break;
                case Field.PouredAt: pouredAt = ReadTime(ref reader, errors, name); break;
                default: file!.Read(field, name, ref reader, errors); break;
            }
        }

        if ((seen & Field.TapId) == 0) errors.Add("tapId", "is required: the number of the tap.");
        if ((seen & Field.Volume) == 0) errors.Add("volume", "is required: millilitres.");
        if (!errors.Has("volume")) type = TypeOf(volume, errors, file);
        if (key is not null)
        {
            if (pourId is not null && pourId != key) errors.Add("pourId", "differs from the header Idempotency-Key; send one of them, or the same.");
            pourId ??= key;
        }

        if (file is not null) pourId = file.Complete(pourId, pouredAt, errors);
        if (errors.Any) return null;
        var (at, claimed) = file is { WasStored: true } ? times.OfStored(pouredAt!.Value, file.Claimed) : times.Of(pouredAt);
        return new PourBeer(tapId, type!, volume, at, pourId, claimed);
    }

    private static int ReadTapId(ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var tapId) && tapId >= 1) return tapId;
        errors.Add("tapId", "must be a whole number from 1 to 2147483647.");
        reader.Skip();
        return 0;
    }

    private static double ReadVolume(ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var volume) || !double.IsFinite(volume))
        {
            errors.Add("volume", "must be a number of millilitres.");
            reader.Skip();
            return 0;
        }

        return volume;
    }

    /// <summary>The glass that the volume fits; of a beer that another table of glasses classified, the type that its hub stored.</summary>
    private string? TypeOf(double volume, FieldErrors errors, FileFields? file)
    {
        if (file is { Type: { } said })
        {
            if (!file.WasStored && !glasses.Names.Contains(said)) errors.Add("type", $"must be a glass type: {string.Join(", ", glasses.Names)}.");
            else if (volume is <= 0 or > MostVolume) errors.Add("volume", Text($"must be above 0 and at most {MostVolume} ml."));
            else if (file.WasStored || glasses.Classify(volume) == said) return said;
            else if (glasses.Classify(volume) is null) errors.Add("volume", Misfit(volume));
            else errors.Add("type", Text($"is not the glass type of {volume} ml."));
            return null;
        }

        var type = glasses.Classify(volume);
        if (type is null) errors.Add("volume", Misfit(volume));
        return type;
    }

    private string Misfit(double volume) => Text($"must be from {glasses.Smallest} to {glasses.Largest} ml; no glass holds {volume} ml.");

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

    /// <summary>A time, or null when it is left out.</summary>
    public static DateTime? ReadTime(ref Utf8JsonReader reader, FieldErrors errors, string name)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (TextOf(ref reader) is { } text && Instant.TryParse(text, out var at)) return at;
        errors.Add(name, Instant.Expected);
        return null;
    }

    /// <summary>The text of a string token, or null (the token is then passed over) when it is no text or no valid Unicode.</summary>
    public static string? TextOf(ref Utf8JsonReader reader)
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
    public static bool IsName(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
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

    private static string Describe(JsonException fault, int length) =>
        length == 0
            ? "The body is empty."
            : Text($"It breaks at line {(fault.LineNumber ?? 0) + 1}, byte {(fault.BytePositionInLine ?? 0) + 1}.");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [Flags]
    internal enum Field
    {
        None = 0,
        TapId = 1,
        Volume = 2,
        PourId = 4,
        PouredAt = 8,
        Position = 16,
        Type = 32,
        Claimed = 64,
    }
}
