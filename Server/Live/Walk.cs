namespace BeerTap.Server.Live;

/// <summary>
/// What subscribers lack, found once a round for all that stand at the same place, which is nearly everybody. What lies behind each other, such as
/// events and the report that follows them, is put together: one write a subscriber, not one a piece. Belongs to one pump.
/// </summary>
internal sealed class Walk(EventLog events)
{
    /// <summary>A piece of this size is worth a write of its own; putting more together would copy it anew for each that stands somewhere else.</summary>
    private const int WorthItsOwnWrite = 16 * 1024;

    private readonly Found[] _found = new Found[Frames.Formats];

    /// <summary>Begins a round, or its walk over everybody: the log may have gone on.</summary>
    public void Begin() => Array.Clear(_found);

    public Piece Next(FrameFormat format, long seq, long reportVersion)
    {
        ref var found = ref _found[(int)format];
        if (found.Known && found.Seq == seq && found.ReportVersion == reportVersion) return found.Piece;
        var piece = Gather(format, seq, reportVersion);
        found = new Found(true, seq, reportVersion, piece);
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
