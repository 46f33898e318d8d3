namespace BeerTap.Stress.Fuzz;

/// <summary>Spoils bytes the way bad memory, bad code and bad people do.</summary>
internal static class Mutator
{
    private const int LongestInsert = 40;

    /// <summary>Pieces that parsers trip over, put in anywhere.</summary>
    private static readonly byte[][] Pieces =
    [
        [0], [0xff], [0xfe, 0xff], [0xc0, 0x80], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xef, 0xbb, 0xbf], [0xe2, 0x80, 0xae],
        .. new[]
        {
            "\"", "\\", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud800", "\\udc00", "\\u", "\\x", "null", "true", "-", "+", ".", "e", "E400",
            "e-400", "0", "9", "00000000",
            "99999999999999999999", "1e308", "NaN", "Infinity", "//", "/*", "*/", "'", " ", "\t", "\n", "\r", "\r\n", "\u000b", "\u2028", "%00",
            "%", "%zz", "%c0%80", "%ff", "..", ";", "\u001e",
            "\"tapId\":", "\"volume\":", "\"pourId\":", "\"pouredAt\":", "\"beers\":", "\"\\ud800\":1,", "\\u0074",
        }.Select(piece => System.Text.Encoding.UTF8.GetBytes(piece)),
    ];

    /// <summary>The bytes with one to four faults in them.</summary>
    /// <param name="other">Another input, for a splice of both.</param>
    public static byte[] Spoil(Random random, byte[] bytes, byte[] other)
    {
        for (var faults = random.Next(1, 5); faults > 0; faults--) bytes = SpoilOnce(random, bytes, other);
        return bytes;
    }

    private static byte[] SpoilOnce(Random random, byte[] bytes, byte[] other)
    {
        if (bytes.Length == 0) return Piece(random);
        var at = random.Next(bytes.Length);
        var length = Math.Min(random.Next(1, LongestInsert), bytes.Length - at);
        var end = at + length;
        switch (random.Next(10))
        {
            case 0: return With(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8))));
            case 1: return With(bytes, at, (byte)random.Next(256));
            case 2: return [.. bytes[..at], .. bytes[end..]];
            case 3: return [.. bytes[..end], .. bytes[at..]];
            case 4: return [.. bytes[..at], .. other[random.Next(other.Length + 1)..]];
            case 5: return bytes[..at];
            case 6: return With(bytes, at, bytes[random.Next(bytes.Length)]);
            case 7: return [.. bytes[..at], .. bytes[at..end].Reverse(), .. bytes[end..]];
            default: return [.. bytes[..at], .. Piece(random), .. bytes[at..]];
        }
    }

    private static byte[] Piece(Random random) => Pieces[random.Next(Pieces.Length)];

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }
}
