using BeerTap.Server.Beers;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace BeerTap.Server.Storage;

/// <summary>A connection that reads, used by one caller at a time, with its statements kept prepared.</summary>
internal sealed class SqliteReader(SqliteConnection connection, SqliteTypes types) : IDisposable
{
    private const string Columns = "log.type, log.volume, log.at, log.tap, log.claimed", BeerColumns = $"log.seq, {Columns}";
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
        SELECT entry.seq, entry.type, entry.volume, entry.at, entry.tap, entry.claimed,
            deleted.seq, deleted.type, deleted.volume, deleted.at, deleted.tap, deleted.claimed
        FROM log entry LEFT JOIN log deleted ON entry.tap IS NULL AND deleted.seq = entry.pair
        WHERE entry.seq > ?1 ORDER BY entry.seq LIMIT ?2
        """,
        ReadEvent, after, limit);

    public IReadOnlyList<StoredTotal> ReadTotals() => Query(
        "SELECT tap, type, beers, units, last_pour FROM totals",
        row => new StoredTotal((int)row.Int64(0), types.NameOf(row.Int64(1)), row.Int64(2), row.Int64(3), Clock.FromUnix(row.Int64(4))));

    /// <summary>The last position number that the tables know which are made from the log.</summary>
    public long ReadFolded() => Query("SELECT value FROM meta WHERE name = 'folded'", row => row.Int64(0))[0];

    public IReadOnlyList<Beer> List(BeerFilter filter, PageCut cut) => InOneMoment(() =>
    {
        var (after, before) = cut.Descending ? (0, cut.AfterId ?? long.MaxValue) : (cut.AfterId ?? 0, long.MaxValue);
        var query = SqliteFilter.Make(filter, types, HoursOf(filter), ReadFolded(), after, before);
        if (query.Arms.Count == 0) return [];
        var (order, values) = (cut.Descending ? "DESC" : "ASC", query.Values.Count);
        return Query(
            $"{string.Join(" UNION ALL ", query.Arms.Select(arm => $"SELECT {arm.Seq}, {Columns} {arm.From}"))} ORDER BY 1 {order} LIMIT ?{values + 1} OFFSET ?{values + 2}",
            ReadBeer,
            [.. query.Values, cut.Size, cut.Skip]);
    });

    public long Count(BeerFilter filter) => InOneMoment(() =>
    {
        // The tables up to what is folded, by whole hours and the pieces of hours they leave; and the tail as it is.
        var folded = ReadFolded();
        return CountHours(filter)
            + TimeCut.Pieces(filter).Sum(piece => CountBeers(SqliteFilter.Make(piece, types, HoursOf(piece), folded, 0, folded + 1)))
            + CountBeers(SqliteFilter.Make(filter, types, null, folded, folded, long.MaxValue));
    });

    public TimeTotals Sum(DateTime from) => InOneMoment(() =>
    {
        var (head, folded) = (Query("SELECT IFNULL(MAX(seq), 0) FROM log", row => row.Int64(0))[0], ReadFolded());
        var filter = new BeerFilter(From: from);
        var parts = SumHours(filter)
            .Concat(TimeCut.Pieces(filter).SelectMany(piece => SumBeers(SqliteFilter.Make(piece, types, HoursOf(piece), folded, 0, folded + 1))))
            .Concat(SumBeers(SqliteFilter.Make(filter, types, null, folded, folded, long.MaxValue)));
        return new TimeTotals(head, [.. parts
            .GroupBy(part => part.Type)
            .Select(type => new TypeTotal(type.Key, type.Sum(part => part.Beers), type.Sum(part => part.Units)))]);
    });

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

    /// <summary>The positions between which the folded pours of a time lie, or null when the filter has no time.</summary>
    private (long First, long Last)? HoursOf(BeerFilter filter)
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

    private long CountBeers(SqliteFilter query) => query.Arms.Count == 0 ? 0 : Query(
        string.Join(" + ", query.Arms.Select((arm, i) => $"{(i == 0 ? "SELECT " : "")}(SELECT COUNT(*) {arm.From})")), row => row.Int64(0), [.. query.Values])[0];

    /// <summary>Several queries of the store as it is at one moment: what is folded between two of them would be counted twice, or not at all.</summary>
    private T InOneMoment<T>(Func<T> read)
    {
        Prepared("BEGIN").Run();
        try
        {
            return read();
        }
        finally
        {
            // Some faults have ended it already.
            if (raw.sqlite3_get_autocommit(connection.Handle!) == 0) Prepared("COMMIT").Run();
        }
    }

    private List<TypeTotal> SumHours(BeerFilter filter)
    {
        var (from, to) = TimeCut.Whole(filter);
        return Query("SELECT type, SUM(beers), SUM(units) FROM hourly WHERE hour BETWEEN ?1 AND ?2 GROUP BY type", ReadTypeTotal, from, to);
    }

    private List<TypeTotal> SumBeers(SqliteFilter query) => query.Arms.Count == 0 ? [] : Query(
        string.Join(" UNION ALL ", query.Arms.Select(arm => $"SELECT log.type, COUNT(*), SUM({SqliteVolume.InUnits}) {arm.From} GROUP BY log.type")), ReadTypeTotal, [.. query.Values]);

    private TypeTotal ReadTypeTotal(SqliteStatement row) => new(types.NameOf(row.Int64(0)), row.Int64(1), row.Int64(2));

    private Beer ReadBeer(SqliteStatement row) => ReadBeer(row, 0);

    private Beer ReadBeer(SqliteStatement row, int at) => new(
        row.Int64(at), types.NameOf(row.Int64(at + 1)), SqliteVolume.Read(row, at + 2), Clock.FromUnix(row.Int64(at + 3)),
        (int)row.Int64(at + 4), row.IsNull(at + 5) ? null : Clock.FromUnix(row.Int64(at + 5)));

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
