using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace BeerTap.Stress.Fuzz;

/// <summary>What docs/protocol.md says of a pour, apart from the hub's own reader.</summary>
/// <param name="Malformed">It is no JSON object.</param>
/// <param name="Faults">The fields at fault, in order, with commas; empty for a good pour.</param>
internal sealed partial record PourModel(bool Malformed, string Faults, int TapId = 0, double Volume = 0, string? PourId = null, long? PouredAt = null)
{
    private static readonly PourModel NoObject = new(true, "");

    public bool IsGood => !Malformed && Faults.Length == 0;

    public static PourModel Read(byte[] json, string? key)
    {
        using var document = JsonModel.Parse(json);
        return document is null ? NoObject : Read(document.RootElement, key);
    }

    /// <summary>A batch's pours; null with the field at fault, or with none when it is no JSON.</summary>
    public static (List<PourModel>? Pours, string Fault) ReadMany(byte[] json)
    {
        using var document = JsonModel.Parse(json);
        if (document?.RootElement.ValueKind != JsonValueKind.Object) return (null, "");
        var lists = JsonModel.Fields(document.RootElement).Where(field => field.Name == "beers").ToList();
        if (lists.Count != 1 || lists[0].Value.ValueKind != JsonValueKind.Array || lists[0].Value.GetArrayLength() is 0 or > 500) return (null, "beers");
        return ([.. lists[0].Value.EnumerateArray().Select(pour => Read(pour, null))], "");
    }

    public static bool IsPourId(string text) => text.Length is >= 1 and <= 64 && !text.Any(char.IsControl);

    private static PourModel Read(JsonElement pour, string? key)
    {
        if (pour.ValueKind != JsonValueKind.Object) return NoObject;
        var known = JsonModel.Fields(pour).Where(field => field.Name is "tapId" or "volume" or "pourId" or "pouredAt").ToLookup(field => field.Name!, field => field.Value);
        var faults = new SortedSet<string>(known.Where(field => field.Count() > 1).Select(field => field.Key), StringComparer.Ordinal);
        var (tapId, volume, pourId, at) = (0, 0.0, key, (long?)null);
        if (!known["tapId"].Any() || !known["tapId"].All(value => IsTap(value, out tapId))) faults.Add("tapId");
        if (!known["volume"].Any() || !known["volume"].All(value => IsVolume(value, out volume))) faults.Add("volume");
        foreach (var value in known["pourId"].Where(value => value.ValueKind != JsonValueKind.Null))
        {
            if (JsonModel.Text(value) is not { } text || !IsPourId(text) || (key is not null && text != key)) faults.Add("pourId");
            else pourId = text;
        }

        foreach (var value in known["pouredAt"].Where(value => value.ValueKind != JsonValueKind.Null))
        {
            if (JsonModel.Text(value) is not { } text || TimeModel.Read(text) is not { } ticks) faults.Add("pouredAt");
            else at = ticks;
        }

        return new PourModel(false, string.Join(',', faults), tapId, volume, pourId, at);
    }

    private static bool IsTap(JsonElement value, out int tapId)
    {
        tapId = 0;
        return value.ValueKind == JsonValueKind.Number && Whole().IsMatch(value.GetRawText())
            && int.TryParse(value.GetRawText(), NumberStyles.None, CultureInfo.InvariantCulture, out tapId) && tapId >= 1;
    }

    private static bool IsVolume(JsonElement value, out double volume)
    {
        volume = 0;
        return value.ValueKind == JsonValueKind.Number && double.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out volume) && volume is >= 100 and <= 1000;
    }

    /// <summary>Whether a beer can have this time; one that cannot is kept beside the hub's.</summary>
    public static bool IsPourTime(long ticks) => ticks >= new DateTime(2000, 1, 1).Ticks && ticks <= TimeProvider.System.GetUtcNow().Ticks + TimeSpan.TicksPerDay;

    [GeneratedRegex(@"\A[0-9]+\z")]
    private static partial Regex Whole();
}
