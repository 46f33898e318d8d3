using System.Globalization;
using System.Text;

namespace BeerTap.Stress.Fuzz;

/// <summary>Writes pours: mostly good ones, often with one thing about them that is not.</summary>
internal static class PourGrammar
{
    /// <summary>Few taps, because the hub reports on each that ever poured.</summary>
    private const int Taps = 20;

    private static readonly string[] OddNumbers =
    [
        "0", "-0", "-1", "1.0", "1.5", "1e0", "1E2", "5e2", "1e-2", "1e400", "-1e400", "1e-400", "2147483647", "2147483648", "4294967297",
        "-2147483648", "9223372036854775808",
        "99", "99.99999999999999", "100", "100.0", "300", "300.00000000000006", "800", "1000", "1000.0000000000001", "1001", "0.1e4",
        "10000e-1", "NaN", "-Infinity", "Infinity", "01", "+5", ".5",
        "5.", "1e", "0x10", "1_000", "null", "true", "false", "\"1\"", "\"500\"", "[]", "{}", "[500]", "{\"a\":1}", "\"\\ud800\"",
        new string('9', 400), "0." + new string('3', 400), "5" + new string('0', 400) + "e-400",
    ];

    private static readonly string[] OddTexts =
    [
        "", " ", "null", "\\u0000", "a\\u0000b", "\\ud800", "\\udc00\\ud800", "\\ud83c\\udf7a", "🍺", "\\n", "\\u0085", "\\u202e", "\u202e",
        "\\u00e9", "\\x", "\\u12", "\\", "\t",
        new string('a', 64), new string('a', 65), new string('é', 64), string.Concat(Enumerable.Repeat("🍺", 32)),
        string.Concat(Enumerable.Repeat("🍺", 33)), string.Concat(Enumerable.Repeat("\\u0041", 64)), new string('z', 5000),
        "../../etc/passwd", "'; drop table beers; --", "<script>alert(1)</script>", "${jndi:ldap://x}", "%00", "{{7*7}}",
    ];

    private static readonly string[] Times =
    [
        "2026-11-21T18:30:00Z", "2026-11-20T18:30:00.123Z", "2026-11-20T18:30Z", "2026-11-20T18:30:00+02:00",
        "2026-11-20T18:30:00.1234567-08:00", "2000-01-01T00:00:00Z", "2024-02-29T00:00:00Z", "2020-12-31T23:59:59.9999999Z",
        "1999-12-31T23:59:59Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z", "2023-02-29T00:00:00Z",
        "2026-11-20T24:00:00Z", "2026-11-20T23:59:60Z", "2026-11-20T18:30:00", "2026-11-20", "2026-11-20 18:30:00Z", "2026-11-20t18:30:00z",
        "2026-11-20T18:30:00+15:00", "2026-11-20T18:30:00.12345678Z", "2026-11-20T18Z",
        "yesterday", "1763750000", "", "Z", "-", "T-", "2026-11-20T18:30:00Z\\u0000", "+002026-11-20T18:30:00Z", "２０２６-11-20T18:30:00Z",
        "2026-11-20T18:30:00 +02:00", "2026-11-20T18:30:00+0200",
    ];

    /// <summary>Times of which some are none, as text.</summary>
    public static string Time(Random random) => random.Of<string>(Times);

    public static string OddNumber(Random random) => random.Of<string>(OddNumbers);

    public static string OddText(Random random) => random.Of<string>(OddTexts);

    /// <param name="pourId">An id that no other pour has.</param>
    public static byte[] Pour(Random random, string pourId)
    {
        var fields = new List<string>
        {
            Field(random, "tapId", random.Percent(12) ? OddNumber(random) : random.Next(1, Taps).ToString(CultureInfo.InvariantCulture)),
            Field(random, "volume", random.Percent(15) ? OddNumber(random) : (random.Next(1000, 10001) / 10.0).ToString(CultureInfo.InvariantCulture)),
        };
        if (random.Percent(40)) fields.Add(Field(random, "pourId", random.Percent(25) ? Text(random) : $"\"{pourId}\""));
        if (random.Percent(15)) fields.Add(Field(random, "pouredAt", random.Percent(15) ? OddNumber(random) : $"\"{Time(random)}\""));
        if (random.Percent(12)) fields.Add(Field(random, Name(random), Value(random, random.Next(1, 20))));
        if (random.Percent(4)) fields.Add(random.Of<string>([.. fields]));
        if (random.Percent(3)) fields.RemoveAt(random.Next(fields.Count));
        if (random.Percent(20)) random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(fields));
        var space = random.Percent(10) ? random.Of("\n", " ", "\t \r\n") : "";
        return $"{space}{{{space}{string.Join("," + space, fields)}{space}}}{space}".Utf8();
    }

    /// <summary>Any JSON value, nested as deep as one likes.</summary>
    public static string Value(Random random, int depth) => depth == 0 || random.Percent(20)
        ? random.Of(OddNumber(random), Text(random), "0", "true", "null")
        : random.Percent(50) ? $"[{Value(random, depth - 1)}]" : $"{{\"{Name(random)}\":{Value(random, depth - 1)}}}";

    private static string Text(Random random) => $"\"{OddText(random)}\"";

    private static string Name(Random random) =>
        random.Of("note", "TapId", "tapid", "tapId ", "beers", "__proto__", "\\u0074apI", "tap\\u0049dd", "\\ud800", "volum\\ud800", "pourI\\udc00", "", "\\u0000", OddText(random));

    /// <summary>A field, its name now and then with an escape in it, which changes nothing.</summary>
    private static string Field(Random random, string name, string value)
    {
        var at = random.Next(Math.Max(1, name.Length));
        return random.Percent(3) && name.Length > 0 ? $"\"{name[..at]}\\u{(int)name[at]:x4}{name[(at + 1)..]}\":{value}" : $"\"{name}\":{value}";
    }
}
