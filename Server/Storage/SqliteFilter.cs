using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>A filter as SQL, and which index it walks.</summary>
/// <remarks>
/// A tap's beers lie in the index by (tap, type), so all types of one tap are read as one ordered merge of a walk per type. A time is cut to
/// the positions its hours lie between.
/// </remarks>
internal sealed class SqliteFilter
{
    private readonly List<string> _conditions = ["tap IS NOT NULL AND pair IS NULL"];
    private readonly List<object> _values = [];

    private readonly int _callersParameters;

    private SqliteFilter(int callersParameters) => _callersParameters = callersParameters;

    /// <summary>The types whose walks are merged; a single null when no index by type is walked.</summary>
    public IReadOnlyList<long?> TypesToMerge { get; private init; } = [null];

    public IReadOnlyList<object> Values => _values;

    /// <summary>The SQL of a filter, or null when it can match nothing. The caller's own parameters are numbered before the filter's.</summary>
    public static SqliteFilter? Make(BeerFilter filter, SqliteTypes types, (long First, long Last)? positions, int callersParameters)
    {
        var type = 0L;
        if (filter.Type is { } name && !types.TryFind(name, out type)) return null;
        if (positions is { } empty && empty.First > empty.Last) return null;

        var query = new SqliteFilter(callersParameters)
        {
            TypesToMerge = filter.Type is not null ? [type] : filter.TapId is not null ? [.. types.All.Order().Select(id => (long?)id)] : [null],
        };
        if (filter.TapId is { } tapId) query.Add("tap = {0}", tapId);
        if (positions is { } range)
        {
            query.Add("seq >= {0}", range.First);
            query.Add("seq <= {0}", range.Last);
        }

        if (filter.From is { } from) query.Add("at >= {0}", Clock.ToUnix(from));
        if (filter.To is { } to) query.Add("at < {0}", Clock.ToUnix(to));
        return query.TypesToMerge.Count == 0 ? null : query;
    }

    public string Where(long? type) => string.Join(" AND ", type is { } id ? _conditions.Append($"type = {id}") : _conditions);

    private void Add(string condition, object value)
    {
        _values.Add(value);
        _conditions.Add(condition.Replace("{0}", "?" + (_callersParameters + _values.Count), StringComparison.Ordinal));
    }
}
