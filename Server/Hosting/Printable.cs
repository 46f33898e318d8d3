using System.Globalization;
using System.Text;

namespace BeerTap.Server.Hosting;

/// <summary>Makes text that came from outside safe for a console, a log line and a table.</summary>
internal static class Printable
{
    /// <summary>Whether a character is seen as itself: no control, no line or paragraph separator, nothing of no width or that turns the direction of a text.</summary>
    public static bool IsPlain(char letter) =>
        letter is >= ' ' and <= '~' || char.GetUnicodeCategory(letter) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    /// <summary>The text with every other character written <c>\uXXXX</c>.</summary>
    public static string Escape(string text)
    {
        if (text.All(IsPlain) && !text.Any(char.IsSurrogate)) return text;
        var plain = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (isPair && CharUnicodeInfo.GetUnicodeCategory(text, i) != UnicodeCategory.Format) plain.Append(text[i]).Append(text[++i]);
            else if (IsPlain(text[i]) && !char.IsSurrogate(text[i])) plain.Append(text[i]);
            else plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:X4}");
        }

        return plain.ToString();
    }
}
