using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace BeerTap.Stress.Fuzz;

/// <summary>What a query string says, and which fields of it are at fault: docs/protocol.md, apart from the hub's own reader.</summary>
internal sealed partial class QueryModel
{
    private readonly Dictionary<string, List<string>> _fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedSet<string> _faults = new(StringComparer.Ordinal);

    public QueryModel(string query)
    {
        // The first question mark begins the query; a second is a part of it.
        foreach (var part in (query.StartsWith('?') ? query[1..] : query).Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
            var key = Uri.UnescapeDataString(name.Replace('+', ' '));
            if (!_fields.TryGetValue(key, out var values)) _fields[key] = values = [];
            values.Add(Uri.UnescapeDataString(value.Replace('+', ' ')));
        }
    }

    /// <summary>The fields at fault, in order, with commas.</summary>
    public string Faults => string.Join(',', _faults);

    public string? Single(string name)
    {
        var values = _fields.GetValueOrDefault(name) ?? [];
        if (values.Count > 1) _faults.Add(name);
        return values is [{ Length: > 0 } value] ? value : null;
    }

    public long? Whole(string name, long least, long most)
    {
        if (Single(name) is not { } text) return null;
        if (Digits().IsMatch(text) && BigInteger.Parse(text, CultureInfo.InvariantCulture) is var value && value >= least && value <= most) return (long)value;
        _faults.Add(name);
        return null;
    }

    public long? Time(string name)
    {
        if (Single(name) is not { } text) return null;
        var time = TimeModel.Read(text.Length > 11 ? text[..11] + text[11..].Replace(' ', '+') : text);
        if (time is null) _faults.Add(name);
        return time;
    }

    public string? OneOf(string name, params string[] values)
    {
        var text = Single(name);
        if (text is not null && !values.Contains(text)) _faults.Add(name);
        return text;
    }

    public void Fault(string name) => _faults.Add(name);

    /// <summary>A listener's <c>after</c>; what is there several times is taken for a list, which is no position.</summary>
    public void After() => Position("after", string.Join(',', (_fields.GetValueOrDefault("after") ?? []).Where(value => value.Length > 0)));

    public void Position(string name, string? text)
    {
        if (text is null or "" or "earliest") return;
        var match = Place().Match(text);
        if (text.Length > 40 || !match.Success || BigInteger.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) > long.MaxValue) _faults.Add(name);
    }

    [GeneratedRegex(@"\A[0-9]+\z")]
    private static partial Regex Digits();

    [GeneratedRegex(@"\A[A-Za-z0-9]+-([0-9]+)\z")]
    private static partial Regex Place();
}
