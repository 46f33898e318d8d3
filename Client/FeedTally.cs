namespace BeerTap.Client;

internal enum FeedStep
{
    /// <summary>The next event of the log, or one that is not in the log.</summary>
    InOrder,

    /// <summary>The log went on behind an event that never came.</summary>
    Gap,

    /// <summary>A position that was heard before.</summary>
    Duplicate,
}

/// <summary>
/// Checks one feed against its promise: within one epoch every position of the log follows the one before, once. Written
/// by the feed's one connection; the counts are read by others.
/// </summary>
internal sealed class FeedTally
{
    private readonly Lock _change = new();
    private Position? _last;
    private long _heard;
    private long _reports;
    private long _reloads;
    private long _duplicates;
    private long _gaps;
    private long _welcomes;

    public FeedTally(string? after = null)
    {
        if (Position.TryParse(after, out var position))
        {
            _last = position;
        }
    }

    /// <summary>The position up to which everything was heard: where to resume. Null before the first welcome.</summary>
    public Position? Last
    {
        get
        {
            lock (_change)
            {
                return _last;
            }
        }
    }

    /// <summary>Events of the log, of whatever kind, each counted once.</summary>
    public long Heard => Interlocked.Read(ref _heard);

    public long Reports => Interlocked.Read(ref _reports);

    public long Reloads => Interlocked.Read(ref _reloads);

    /// <summary>Connections that were made; all but the first are resumed ones.</summary>
    public long Welcomes => Interlocked.Read(ref _welcomes);

    public long Duplicates => Interlocked.Read(ref _duplicates);

    /// <summary>Positions that were left out; a change of epoch without a reload counts as one.</summary>
    public long Gaps => Interlocked.Read(ref _gaps);

    public FeedStep Take(FeedEvent taken)
    {
        switch (taken.Event)
        {
            case FeedEvent.Welcome:
                Interlocked.Increment(ref _welcomes);

                // A resumed feed keeps its own position: the events that follow must fit to that, not to the greeting.
                Begin(taken.Position);
                return FeedStep.InOrder;
            case FeedEvent.Reload:
                Interlocked.Increment(ref _reloads);
                MoveTo(Parse(taken.Position));
                return FeedStep.InOrder;
            case FeedEvent.ShareReport:
                Interlocked.Increment(ref _reports);
                return FeedStep.InOrder;
            case FeedEvent.BeerPoured or FeedEvent.BeerDeleted:
                return Check(Parse(taken.Position));
            case FeedEvent.Closing:
                return FeedStep.InOrder;
            default:
                return TakeUnknown(taken.Position);
        }
    }

    /// <summary>
    /// A kind that this program does not know. One whose position is behind the last is of the log and moves it; any other is not, as a report.
    /// </summary>
    private FeedStep TakeUnknown(string? position) =>
        Position.TryParse(position, out var at) && Last is { } last && at.Epoch == last.Epoch && at.Seq > last.Seq ? Check(at) : FeedStep.InOrder;

    private FeedStep Check(Position position)
    {
        var before = Last;
        if (before is { } known && known.Epoch == position.Epoch && position.Seq <= known.Seq)
        {
            Interlocked.Increment(ref _duplicates);
            return FeedStep.Duplicate;
        }

        var missing = before switch
        {
            null => 0,
            { } earlier when earlier.Epoch == position.Epoch => position.Seq - earlier.Seq - 1,
            _ => 1,
        };
        Interlocked.Add(ref _gaps, missing);
        Interlocked.Increment(ref _heard);
        MoveTo(position);
        return missing == 0 ? FeedStep.InOrder : FeedStep.Gap;
    }

    private void Begin(string? welcome)
    {
        if (Last is null)
        {
            MoveTo(Parse(welcome));
        }
    }

    private void MoveTo(Position position)
    {
        lock (_change)
        {
            _last = position;
        }
    }

    private static Position Parse(string? text) => Position.TryParse(text, out var position)
        ? position
        : throw new InvalidDataException($"an event came with '{text}' for a position");
}
