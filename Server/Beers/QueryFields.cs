using System.Globalization;

namespace BeerTap.Server.Beers;

/// <summary>Reads fields of a query string; a fault is told by field name.</summary>
internal static class QueryFields
{
    public static int? TapId(HttpRequest request, FieldErrors errors) => (int?)Whole(request, "tapId", 1, int.MaxValue, errors);

    /// <summary>A whole number in a range, or null when it is not there.</summary>
    public static long? Whole(HttpRequest request, string name, long least, long most, FieldErrors errors)
    {
        if (Single(request, name, errors) is not { } text) return null;

        // The framework's parser passes over NULs at the end.
        if (text[^1] != '\0' && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most) return value;
        errors.Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}."));
        return null;
    }

    public static DateTime? Time(HttpRequest request, string name, FieldErrors errors)
    {
        if (Single(request, name, errors) is not { } text) return null;

        // A '+' that was not escaped arrives as a space.
        if (Instant.TryParse(text.Replace(' ', '+'), out var at)) return at.UtcDateTime;
        errors.Add(name, "must be an ISO 8601 time with Z or an offset, such as 2026-11-21T18:30:00Z.");
        return null;
    }

    public static string? Single(HttpRequest request, string name, FieldErrors errors)
    {
        var values = request.Query[name];
        if (values.Count > 1) errors.Add(name, "is there more than once.");
        return values.Count == 1 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
    }
}
