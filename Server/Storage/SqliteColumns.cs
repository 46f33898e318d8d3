namespace BeerTap.Server.Storage;

/// <summary>
/// A volume in its column: SQLite stores an integer in as few bytes as it needs, so a volume that is a whole number of ten-thousandths of a
/// millilitre takes 3 or 4 bytes; any other keeps its 8 as a real. Either way the very number that was posted comes back.
/// </summary>
internal static class SqliteVolume
{
    public static object ToColumn(double volume)
    {
        var units = Units.FromMillilitres(volume);
        return Units.ToMillilitres(units).Equals(volume) ? (object)units : volume;
    }

    public static double FromColumn(object value) => value is long units ? Units.ToMillilitres(units) : (double)value;
}

/// <summary>A pour id in its column: 32 lower-case hex digits, as most devices make them, are kept as their 16 bytes; any other as text.</summary>
internal static class SqlitePourId
{
    private const int HexLength = 32;

    public static object ToColumn(string pourId) =>
        pourId.Length == HexLength && pourId.All(char.IsAsciiHexDigitLower) ? Convert.FromHexString(pourId) : pourId;
}
