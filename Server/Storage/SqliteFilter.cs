using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>A filter as SQL: which index it walks, and in what pieces a time is counted.</summary>
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

    /// <summary>The hours a filter's time touches, first and last.</summary>
    public static (long From, long To) HoursOf(BeerFilter filter) => (
        filter.From is { } from ? Hours.Of(from) : 0,
        filter.To is { } to ? Hours.Of(to.AddMilliseconds(-1)) : long.MaxValue);

    /// <summary>Cuts a time into whole hours, whose totals are kept, and at most two pieces of an hour, whose beers are counted.</summary>
    public static IEnumerable<(BeerFilter Filter, bool WholeHours)> CountParts(BeerFilter filter)
    {
        var from = filter.From is { } f ? HourAtOrAfter(f) : (DateTime?)null;
        var to = filter.To is { } t ? Clock.FromUnix(Hours.Of(t) * Hours.Milliseconds) : (DateTime?)null;
        if (from >= to)
        {
            // Within one hour, or two without a whole one between: counted out as it is.
            yield return (filter, false);
            yield break;
        }

        yield return (filter with { From = from, To = to }, true);
        if (from > filter.From) yield return (filter with { To = from }, false);
        if (to < filter.To) yield return (filter with { From = to }, false);
    }

    private static DateTime HourAtOrAfter(DateTime at) =>
        Clock.FromUnix((Clock.ToUnix(at) + Hours.Milliseconds - 1) / Hours.Milliseconds * Hours.Milliseconds);

    private void Add(string condition, object value)
    {
        _values.Add(value);
        _conditions.Add(condition.Replace("{0}", "?" + (_callersParameters + _values.Count), StringComparison.Ordinal));
    }
}
