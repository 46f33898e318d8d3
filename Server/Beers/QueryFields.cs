using System.Globalization;

namespace BeerTap.Server.Beers;

/// <summary>Reads fields of a query string; a fault is told by field name.</summary>
internal static class QueryFields
{
    /// <summary>A date and the character behind it.</summary>
    private const int DateLength = 11;

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

        // A '+' that was not escaped arrives as a space. The space behind the date stands for the T.
        if (Instant.TryParse(text.Length > DateLength ? text[..DateLength] + text[DateLength..].Replace(' ', '+') : text, out var at)) return at;
        errors.Add(name, Instant.Expected);
        return null;
    }

    public static string? Single(HttpRequest request, string name, FieldErrors errors)
    {
        var values = request.Query[name];
        if (values.Count > 1) errors.Add(name, "is there more than once.");
        return values.Count == 1 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
    }
}
