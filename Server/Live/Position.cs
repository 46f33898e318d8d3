using System.Globalization;

namespace BeerTap.Server.Live;

/// <summary>A place in the log, written <c>epoch-seq</c>. The epoch names the log, the seq counts its events from 1.</summary>
internal readonly record struct Position(string Epoch, long Seq)
{
    /// <summary>Longer text is no position of any hub.</summary>
    private const int LongestText = 40;

    public static bool TryParse(string text, out Position position)
    {
        position = default;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (text.Length > LongestText || dash < 1 || !text.AsSpan(0, dash).ContainsOnlyLettersAndDigits()) return false;

        // The framework's parser passes over NULs at the end.
        if (text[^1] == '\0' || !long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq)) return false;
        position = new Position(text[..dash], seq);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Seq}");
}

file static class Text
{
    public static bool ContainsOnlyLettersAndDigits(this ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c)) return false;
        }

        return true;
    }
}
