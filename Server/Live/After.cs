namespace BeerTap.Server.Live;

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
    /// <param name="known">The newest position number there is.</param>
    /// <param name="head">The newest one that was announced.</param>
    public (long Seq, bool Reload) Resolve(string epoch, long known, long head) => Kind switch
    {
        AfterKind.Earliest => (0, false),
        AfterKind.Position when Position.Epoch == epoch && Position.Seq <= known => (Position.Seq, false),
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
