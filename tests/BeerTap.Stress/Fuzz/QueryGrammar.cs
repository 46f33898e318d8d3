using System.Globalization;

namespace BeerTap.Stress.Fuzz;

/// <summary>Writes query strings of visible ASCII characters: what else there is must be escaped, and a request that does not is no HTTP.</summary>
internal static class QueryGrammar
{
    private const int LongestQuery = 2_500;

    private static readonly string[] Odd =
    [
        "", "0", "-1", "-0", "+1", "1.0", "1e3", "007", "1 ", "%201", "1%00", "%00", "%", "%zz", "%u0041", "%ff%fe", "%c0%80", "%ed%a0%80",
        "%f0%9f%8d%ba", "%e2%80%ae", "%d9%a3", "1%0d%0aX:y", "null", "true", "NaN",
        "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999999999", "a,b", "[]", "{}", "'", "%22",
        "%27%20or%201=1", "..%2f..", "<b>", "abc", "=", "==", ";", "+", "%2b", "%26", "%3d", "1&1",
        "pint", "PINT", "half", "stein%20", "asc", "desc", "DESC", "earliest", "Earliest", "earliest,earliest", "k3x9q2ab-42", "k3x9q2ab-",
        "-42", "a-b-c", "x-9223372036854775807", "x-9223372036854775808", "é-1", "x-%d9%a3", "x--1", "x-1%00",
    ];

    /// <param name="names">The fields that the endpoint knows.</param>
    /// <param name="good">A value that a field would take.</param>
    public static string Next(Random random, ReadOnlySpan<string> names, Func<string, string> good)
    {
        var fields = new List<string>();
        for (var count = random.Next(5); count > 0; count--)
        {
            var name = random.Percent(92) ? random.Of(names) : random.Of("", "x", "page%00", "__proto__", "after%20", "pag%65", "tapid", "TYPE", "%", "a[b]", "after_id");
            var value = random.Percent(75) ? good(name) : random.Percent(80) ? random.Of<string>(Odd) : new string('7', random.Of(19, 20, 39, 41, 400, 2000));
            fields.Add(random.Percent(3) ? name : $"{name}={value}");
            if (random.Percent(4)) fields.Add(random.Of<string>([.. fields]));
        }

        var query = string.Join(random.Percent(2) ? "&&" : random.Percent(2) ? ";" : "&", fields);
        if (random.Percent(15)) query = Spoil(random, query);

        // A longer address is refused below the hub.
        if (query.Length > LongestQuery) query = "";
        return (query.Length > 0 || random.Percent(50) ? "?" : "") + Visible(query.Utf8());
    }

    public static string Number(Random random, int least, int most) => random.Next(least, most + 1).ToString(CultureInfo.InvariantCulture);

    public static string Time(Random random)
    {
        var time = PourGrammar.Time(random);
        return random.Percent(70) ? Uri.EscapeDataString(time) : Visible(time.Utf8());
    }

    private static string Spoil(Random random, string query) => Visible(Mutator.Spoil(random, query.Utf8(), "?page=1&after=earliest&tapId=1"u8.ToArray()));

    /// <summary>Escapes what would end the query or the line.</summary>
    private static string Visible(byte[] bytes) => string.Concat(bytes.Select(value => value is > 0x20 and < 0x7f and not (byte)'#' ? $"{(char)value}" : $"%{value:x2}"));
}
