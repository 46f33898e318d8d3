using System.Buffers;

namespace BeerTap.Server.Storage;

/// <summary>
/// A volume in its column: SQLite stores an integer in as few bytes as it needs, so a volume that is a whole number of ten-thousandths of a
/// millilitre takes 3 or 4 bytes; any other keeps its 8 as a real. Either way the very number that was posted comes back.
/// </summary>
internal static class SqliteVolume
{
    /// <summary>The column in ten-thousandths of a millilitre, as SQL.</summary>
    public const string InUnits = "CASE typeof(volume) WHEN 'integer' THEN volume ELSE CAST(ROUND(volume * 10000) AS INTEGER) END";

    public static void Bind(SqliteStatement statement, int parameter, double volume)
    {
        var units = Units.FromMillilitres(volume);
        if (Units.ToMillilitres(units).Equals(volume)) statement.Bind(parameter, units);
        else statement.Bind(parameter, volume);
    }

    public static double Read(SqliteStatement row, int column) => row.IsInteger(column) ? Units.ToMillilitres(row.Int64(column)) : row.Double(column);
}

/// <summary>A pour id in its column: 32 lower-case hex digits, as most devices make them, are kept as their 16 bytes; any other as text.</summary>
internal static class SqlitePourId
{
    private const int HexLength = 32;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static void Bind(SqliteStatement statement, int parameter, string pourId)
    {
        Span<byte> bytes = stackalloc byte[HexLength / 2];
        if (pourId.Length == HexLength && !pourId.AsSpan().ContainsAnyExcept(HexDigits) && Convert.FromHexString(pourId, bytes, out _, out _) == OperationStatus.Done)
            statement.Bind(parameter, bytes);
        else
            statement.Bind(parameter, pourId);
    }
}
