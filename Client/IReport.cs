namespace BeerTap.Client;

/// <summary>Whom a run tells what happens; called from many threads. What it has no use for it need not take.</summary>
internal interface IReport
{
    /// <summary>The run has begun; <paramref name="now"/> says at any time how it stands.</summary>
    void Began(Func<RunState> now)
    {
    }

    /// <summary>Something that matters even to those who asked for quiet.</summary>
    void Say(string text);

    void Heard(FeedEvent heard);

    /// <summary>How far long work has come; all of it when <paramref name="done"/> is <paramref name="total"/>.</summary>
    void Progress(string work, long done, long total)
    {
    }

    /// <summary>The last word of a run.</summary>
    void Summary(Summary summary)
    {
    }
}

/// <summary>How a run stands.</summary>
/// <param name="Hub">Where the hub is now: one that went away may have sent this process elsewhere.</param>
/// <param name="Feeds">Feeds of this process, <paramref name="Listening"/> of them connected.</param>
/// <param name="Position">How far the feed that tells has heard.</param>
internal sealed record RunState(Uri Hub, Summary SoFar, int Feeds, int Listening, Position? Position);
