using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>A filter as the arms of one SQL query: where its beers are found, each arm in the order of positions and none holding another's.</summary>
/// <remarks>
/// Up to <c>folded</c> a tap's beers are in <c>by_tap</c>, a type's in their index, and a time is cut to the positions its hours lie between; the log's tail
/// behind it is scanned (<see cref="SqliteFold"/>). Without a filter the log itself is walked.
/// </remarks>
internal sealed class SqliteFilter
{
    private const string Beers = "log.tap IS NOT NULL AND log.pair IS NULL";

    private readonly List<string> _conditions = [];
    private readonly List<object> _values = [];
    private readonly List<(string Seq, string From)> _arms = [];

    /// <summary>Each arm: the column that is its position, and what follows the columns of <c>SELECT</c>, which are of <c>log</c>.</summary>
    public IReadOnlyList<(string Seq, string From)> Arms => _arms;

    /// <summary>The values of the parameters, from 1 on.</summary>
    public IReadOnlyList<object> Values => _values;

    /// <summary>The arms of a filter; none when it can match nothing.</summary>
    /// <param name="hours">Between which positions the folded pours of the filter's hours lie; null when it has no time.</param>
    /// <param name="folded">The last position number that the tables know.</param>
    /// <param name="after">Only beers after this position number.</param>
    /// <param name="before">And before this one.</param>
    public static SqliteFilter Make(BeerFilter filter, SqliteTypes types, (long First, long Last)? hours, long folded, long after, long before)
    {
        var query = new SqliteFilter();
        var type = 0L;
        if (filter.Type is { } name && !types.TryFind(name, out type)) return query;
        if (filter.From is { } from) query.Add("log.at >= {0}", Clock.ToUnix(from));
        if (filter.To is { } to) query.Add("log.at < {0}", Clock.ToUnix(to));

        var tap = filter.TapId is { } tapId ? query.Parameter(tapId) : null;

        if (filter == new BeerFilter())
        {
            query.AddArm("log", Beers, "log.seq", after, before);
            return query;
        }

        var first = Math.Max(after, (hours?.First ?? 1) - 1);
        var last = Math.Min(before, Math.Min(hours?.Last ?? folded, folded) + 1);
        if (tap is not null)
        {
            // One walk a type, merged.
            IEnumerable<long> walks = filter.Type is not null ? [type] : types.All.Order();
            foreach (var id in walks)
                query.AddArm("by_tap CROSS JOIN log ON log.seq = by_tap.seq", $"by_tap.tap = {tap} AND by_tap.type = {id}", "by_tap.seq", first, last);
        }
        else
        {
            query.AddArm("log", Beers + (filter.Type is null ? "" : $" AND log.type = {type}"), "log.seq", first, last);
        }

        query.AddArm(
            "log NOT INDEXED",
            Beers + (filter.Type is null ? "" : $" AND log.type = {type}") + (tap is null ? "" : $" AND log.tap = {tap}"),
            "log.seq", Math.Max(after, folded), before);
        return query;
    }

    private void Add(string condition, object value) => _conditions.Add(condition.Replace("{0}", Parameter(value), StringComparison.Ordinal));

    private void AddArm(string tables, string condition, string seq, long after, long before)
    {
        if (after + 1 >= before) return;
        _arms.Add((seq, string.Join(" AND ", [$"FROM {tables} WHERE {condition} AND {seq} > {Parameter(after)} AND {seq} < {Parameter(before)}", .. _conditions])));
    }

    /// <summary>A parameter for everything but glass types, which are a few: so the texts are a few as well, and stay prepared.</summary>
    private string Parameter(object value)
    {
        _values.Add(value);
        return "?" + _values.Count;
    }
}
