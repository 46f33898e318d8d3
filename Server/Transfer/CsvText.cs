using System.Globalization;
using System.Text.RegularExpressions;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Transfer;

/// <summary>Writes a field of a CSV file so that a spreadsheet shows it and computes nothing, and reads it back exactly as it was.</summary>
/// <remarks>
/// A field that a spreadsheet would take for a formula gets an apostrophe before it, and a field that looks as if it had got one gets one more. Characters that
/// cannot be seen, or that change the order or the lines of a text, are written <c>\uXXXX</c>; what looks like that already has its backslash written so.
/// </remarks>
internal static partial class CsvText
{
    public static string Write(string field)
    {
        var visible = LooksEscaped().Replace(field, @"\u005C$1");
        visible = Printable.Escape(visible);
        return LooksLikeAFormula().IsMatch(visible) ? "'" + visible : visible;
    }

    public static string Read(string field)
    {
        var visible = field.StartsWith('\'') && LooksLikeAFormula().IsMatch(field) ? field[1..] : field;
        return visible.Contains(@"\u", StringComparison.Ordinal) ? Escaped().Replace(visible, Unescape) : visible;
    }

    private static string Unescape(Match match)
    {
        var letter = (char)int.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return letter == '\\' || char.IsSurrogate(letter) || !Printable.IsPlain(letter) ? letter.ToString() : match.Value;
    }

    // The full-width forms are read as the plain ones where a spreadsheet is set to an East Asian language.
    [GeneratedRegex(@"\A'*\s*[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]")]
    private static partial Regex LooksLikeAFormula();

    [GeneratedRegex(@"\\(u[0-9A-F]{4})")]
    private static partial Regex LooksEscaped();

    [GeneratedRegex(@"\\u([0-9A-F]{4})")]
    private static partial Regex Escaped();
}
