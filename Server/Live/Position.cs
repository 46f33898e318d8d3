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
        if (!long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq)) return false;
        position = new Position(text[..dash], seq);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Seq}");
}

/// <summary>Where a subscriber wants to start.</summary>
internal readonly record struct After(AfterKind Kind, Position Position = default)
{
    /// <summary>Reads <c>after</c>: nothing means live, <c>earliest</c> the beginning, anything else must be a position.</summary>
    public static bool TryParse(string? text, out After after)
    {
        after = default;
        if (string.IsNullOrEmpty(text)) return true;
        if (text == "earliest")
        {
            after = new After(AfterKind.Earliest);
            return true;
        }

        if (!Position.TryParse(text, out var position)) return false;
        after = new After(AfterKind.Position, position);
        return true;
    }

    /// <summary>
    /// The position number to start after. A position of another epoch or from the future cannot be honoured: the caller starts at the head
    /// and must be told to reload.
    /// </summary>
    public (long Seq, bool Reload) Resolve(string epoch, long head) => Kind switch
    {
        AfterKind.Earliest => (0, false),
        AfterKind.Position when Position.Epoch == epoch && Position.Seq <= head => (Position.Seq, false),
        AfterKind.Position => (head, true),
        _ => (head, false),
    };
}

internal enum AfterKind
{
    Live,
    Earliest,
    Position,
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
