namespace BeerTap.Server.Live;

/// <summary>
/// What subscribers lack, found once for all that stand at the same place, which is nearly everybody. What lies behind each other, such as events and
/// the report that follows them, is put together: one write a subscriber, not one a piece. Belongs to one pump.
/// </summary>
/// <remarks>
/// What was found is forgotten as soon as the log goes on, also in the middle of a walk: whoever comes later in it gets the news with the same
/// write, and needs none in the next.
/// </remarks>
internal sealed class Walk(EventLog events)
{
    /// <summary>A piece of this size is worth a write of its own; putting more together would copy it anew for each that stands somewhere else.</summary>
    private const int WorthItsOwnWrite = 16 * 1024;

    /// <summary>Places remembered for each format, a power of two: where most stand, where they stand once they were written to, and two more.</summary>
    private const int Places = 4;

    private readonly Found[] _found = new Found[Frames.Formats * Places];
    private long _version = -1;
    private int _oldest;

    public Piece Next(FrameFormat format, long seq, long reportVersion)
    {
        // Before anything is looked for: what comes meanwhile is another version.
        if (events.Version is var version && version != _version)
        {
            Array.Clear(_found);
            _version = version;
        }

        var places = _found.AsSpan((int)format * Places, Places);
        foreach (ref var place in places)
        {
            if (place.Known && place.Seq == seq && place.ReportVersion == reportVersion) return place.Piece;
        }

        var piece = Gather(format, seq, reportVersion);
        places[_oldest++ & (Places - 1)] = new Found(true, seq, reportVersion, piece);
        return piece;
    }

    private Piece Gather(FrameFormat format, long seq, long reportVersion)
    {
        var piece = events.Next(format, seq, reportVersion);
        while (IsReady(piece) && piece.Bytes.Length < WorthItsOwnWrite)
        {
            var next = events.Next(format, piece.Seq, piece.ReportVersion);
            if (!IsReady(next)) break;
            piece = next with { Kind = PieceKind.Events, Bytes = (byte[])[.. piece.Bytes.Span, .. next.Bytes.Span] };
        }

        return piece;
    }

    private static bool IsReady(Piece piece) => piece.Kind is PieceKind.Events or PieceKind.Report;

    private readonly record struct Found(bool Known, long Seq, long ReportVersion, Piece Piece);
}
