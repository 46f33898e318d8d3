using Microsoft.Data.Sqlite;

namespace BeerTap.Server.Storage;

/// <summary>Everything that must hold between the tables of a SQLite store, counted again from the log.</summary>
internal static class SqliteCheck
{
    private const string Folded = "seq <= (SELECT value FROM meta WHERE name = 'folded')";

    // The tables that are made from the log know it up to what is folded.
    private const string Beers = $"FROM log WHERE tap IS NOT NULL AND pair IS NULL AND {Folded}";

    private const string Units = "CASE TYPEOF(volume) WHEN 'integer' THEN volume ELSE CAST(ROUND(volume * 10000) AS INTEGER) END";

    // Each gives rows where something does not hold; none when all is well.
    private static readonly (string Topic, string Fault, string Sql)[] Rules =
    [
        ("positions", "positions are not contiguous from 1", "SELECT * FROM (SELECT COUNT(*) count, MIN(seq) first, MAX(seq) last FROM log) WHERE count > 0 AND (first <> 1 OR last <> count)"),
        ("deletions", "a deletion and its pour do not name each other", """
            SELECT entry.seq, entry.pair FROM log entry LEFT JOIN log other ON other.seq = entry.pair
            WHERE entry.pair IS NOT NULL AND (other.pair IS NOT entry.seq OR (other.tap IS NULL) = (entry.tap IS NULL))
            """),
        ("entries", "an entry is neither a pour nor a deletion", "SELECT seq FROM log WHERE tap IS NULL AND pair IS NULL OR tap IS NOT NULL AND (type IS NULL OR volume IS NULL)"),
        ("glass types", "a glass type has no name", "SELECT seq FROM log WHERE tap IS NOT NULL AND type NOT IN (SELECT id FROM types)"),
        ("pour ids and their taps", "a pour id leads to another tap's pour or to none", "SELECT pours.tap, pours.pour FROM pours LEFT JOIN log USING (seq) WHERE log.tap IS NOT pours.tap"),
        ("pour ids", "two pour ids lead to one pour", "SELECT seq FROM pours GROUP BY seq HAVING COUNT(*) > 1"),
        ("what is folded", "the tables know positions that the log does not have", "SELECT value FROM meta WHERE name = 'folded' AND value > (SELECT IFNULL(MAX(seq), 0) FROM log)"),
        ("beers by tap", "the beers of the taps are not those of the log", Difference("SELECT tap, type, seq FROM by_tap", $"SELECT tap, type, seq {Beers}")),
        ("totals", "the totals are not those of the log", Difference(
            "SELECT tap, type, beers, units FROM totals WHERE beers <> 0 OR units <> 0",
            $"SELECT tap, type, COUNT(*), SUM({Units}) {Beers} GROUP BY tap, type")),
        ("hourly totals", "the hourly totals are not those of the log", Difference(
            "SELECT hour, tap, type, beers, units FROM hourly WHERE beers <> 0 OR units <> 0",
            $"SELECT at / 3600000, tap, type, COUNT(*), SUM({Units}) {Beers} GROUP BY 1, tap, type")),
        ("hours", "the hours do not enclose their pours", """
            SELECT counted.hour FROM (SELECT at / 3600000 hour, MIN(seq) first, MAX(seq) last FROM log WHERE tap IS NOT NULL AND seq <= (SELECT value FROM meta WHERE name = 'folded') GROUP BY 1) counted
            LEFT JOIN hours USING (hour) WHERE hours.first IS NULL OR hours.first > counted.first OR hours.last < counted.last
            """),
    ];

    /// <summary>What does not hold, in words; reads every page and so compares every page's checksum.</summary>
    public static IReadOnlyList<string> FaultsOf(SqliteConnection connection, Action<string>? progress = null)
    {
        try
        {
            progress?.Invoke("pages, rows and indexes");
            var structure = Rows(connection, "PRAGMA integrity_check(10)").Where(row => row != "ok").ToList();
            if (structure.Count > 0) return structure;
            if (SqliteSchema.VersionOf(connection) < SqliteSchema.Version)
            {
                // Its tables are those of an older BeerTap, which the rules below do not fit.
                progress?.Invoke("nothing more: it has an older schema, and a start of the hub brings it to this one");
                return [];
            }

            var faults = new List<string>();
            foreach (var (topic, fault, sql) in Rules)
            {
                progress?.Invoke(topic);
                if (Rows(connection, $"{sql} LIMIT 1").FirstOrDefault() is { } row) faults.Add($"{fault} ({row})");
            }

            return faults;
        }
        catch (SqliteException caught)
        {
            return [caught.Explain(connection.DataSource, "be read").Message];
        }
    }

    private static string Difference(string kept, string counted) =>
        $"SELECT * FROM ({kept} EXCEPT {counted}) UNION ALL SELECT * FROM ({counted} EXCEPT {kept})";

    private static List<string> Rows(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 0;
        using var rows = command.ExecuteReader();
        var result = new List<string>();
        while (rows.Read()) result.Add(string.Join(", ", Enumerable.Range(0, rows.FieldCount).Select(rows.GetValue)));
        return result;
    }
}
