using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>A connection that reads, used by one caller at a time, with its statements kept prepared.</summary>
internal sealed class SqliteReader(SqliteConnection connection, SqliteTypes types) : IDisposable
{
    private const string BeerColumns = "seq, type, volume, at, tap";
    private const string Live = "tap IS NOT NULL AND pair IS NULL";

    private readonly Dictionary<string, SqliteStatement> _prepared = new(StringComparer.Ordinal);

    public Beer? FindPour(int tapId, string pourId)
    {
        var statement = Prepared($"SELECT {BeerColumns} FROM log WHERE seq = (SELECT seq FROM pours WHERE tap = ?1 AND pour = ?2)");
        statement.Bind(1, tapId);
        SqlitePourId.Bind(statement, 2, pourId);
        return Rows(statement, ReadBeer).FirstOrDefault();
    }

    public Beer? Find(long id) => Query($"SELECT {BeerColumns} FROM log WHERE seq = ?1 AND {Live}", ReadBeer, id).FirstOrDefault();

    public IReadOnlyList<LogEvent> ReadLog(long after, int limit) => Query(
        """
        SELECT entry.seq, entry.type, entry.volume, entry.at, entry.tap, entry.pair,
            deleted.seq, deleted.type, deleted.volume, deleted.at, deleted.tap
        FROM log entry LEFT JOIN log deleted ON entry.tap IS NULL AND deleted.seq = entry.pair
        WHERE entry.seq > ?1 ORDER BY entry.seq LIMIT ?2
        """,
        ReadEvent, after, limit);

    public IReadOnlyList<StoredTotal> ReadTotals() => Query(
        "SELECT tap, type, beers, units, last_pour FROM totals",
        row => new StoredTotal((int)row.Int64(0), types.NameOf(row.Int64(1)), row.Int64(2), row.Int64(3), Clock.FromUnix(row.Int64(4))));

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut)
    {
        if (SqliteFilter.Make(filter, types, Hours(filter), callersParameters: 3) is not { } query) return [];
        var order = cut.Descending ? "DESC" : "ASC";
        var parts = query.TypesToMerge.Select(type =>
            $"SELECT {BeerColumns} FROM log WHERE {query.Where(type)} AND seq {(cut.Descending ? "<" : ">")} ?1");
        return Query(
            $"{string.Join(" UNION ALL ", parts)} ORDER BY seq {order} LIMIT ?2 OFFSET ?3",
            ReadBeer,
            [cut.AfterId ?? (cut.Descending ? long.MaxValue : 0), cut.Size, cut.Skip, .. query.Values]);
    }

    public long Count(BeerFilter filter) => CountHours(filter) + TimeCut.Pieces(filter).Sum(CountBeers);

    public void Dispose()
    {
        DisposeStatements();
        connection.Dispose();
    }

    /// <summary>Lets go of a connection that belongs to somebody else.</summary>
    public void DisposeStatements()
    {
        foreach (var command in _prepared.Values) command.Dispose();
    }

    /// <summary>The positions between which a time's pours lie, or null when the filter has no time.</summary>
    private (long First, long Last)? Hours(BeerFilter filter)
    {
        if (filter.From is null && filter.To is null) return null;
        var (from, to) = TimeCut.Touched(filter);
        return Query(
            "SELECT IFNULL(MIN(first), 1), IFNULL(MAX(last), 0) FROM hours WHERE hour BETWEEN ?1 AND ?2",
            row => (row.Int64(0), row.Int64(1)), from, to)[0];
    }

    private long CountHours(BeerFilter filter)
    {
        var type = -1L;
        if (filter.Type is { } name && !types.TryFind(name, out type)) return 0;
        var (from, to) = TimeCut.Whole(filter);
        return Query(
            "SELECT IFNULL(SUM(beers), 0) FROM hourly WHERE hour BETWEEN ?1 AND ?2 AND (?3 = 0 OR tap = ?3) AND (?4 = -1 OR type = ?4)",
            row => row.Int64(0), from, to, filter.TapId ?? 0, type)[0];
    }

    private long CountBeers(BeerFilter filter)
    {
        if (SqliteFilter.Make(filter, types, Hours(filter), callersParameters: 0) is not { } query) return 0;
        return query.TypesToMerge.Sum(type => Query(
            $"SELECT COUNT(*) FROM log WHERE {query.Where(type)}", row => row.Int64(0), [.. query.Values])[0]);
    }

    private Beer ReadBeer(SqliteStatement row) => ReadBeer(row, 0);

    private Beer ReadBeer(SqliteStatement row, int at) => new(
        row.Int64(at), types.NameOf(row.Int64(at + 1)), SqliteVolume.Read(row, at + 2), Clock.FromUnix(row.Int64(at + 3)),
        (int)row.Int64(at + 4));

    private LogEvent ReadEvent(SqliteStatement row) => row.IsNull(4)
        ? new BeerDeleted(row.Int64(0), ReadBeer(row, 6), Clock.FromUnix(row.Int64(3)))
        : new BeerPoured(ReadBeer(row, 0));

    private List<T> Query<T>(string sql, Func<SqliteStatement, T> read, params ReadOnlySpan<object> values)
    {
        var statement = Prepared(sql);
        statement.BindAll(values);
        return Rows(statement, read);
    }

    private static List<T> Rows<T>(SqliteStatement statement, Func<SqliteStatement, T> read)
    {
        try
        {
            var rows = new List<T>();
            while (statement.Step()) rows.Add(read(statement));
            return rows;
        }
        finally
        {
            statement.Reset();
        }
    }

    private SqliteStatement Prepared(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var statement)) _prepared[sql] = statement = new SqliteStatement(connection, sql);
        return statement;
    }
}
