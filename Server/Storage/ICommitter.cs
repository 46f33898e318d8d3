namespace BeerTap.Server.Storage;

/// <summary>
/// Brings commands into the order of the log and what comes of them into the store. One hub alone orders them itself
/// (<see cref="GroupCommitter"/>); several leave it to a log that they share.
/// </summary>
internal interface ICommitter : IDisposable
{
    /// <summary>How many commands wait for their answer.</summary>
    int Waiting { get; }

    /// <summary>Hands over a command; the answer comes when it is on the disk.</summary>
    Task<Outcome> SubmitAsync(Command command);

    /// <summary>Hands over commands that belong into one transaction; the answers come when it is on the disk.</summary>
    Task<Outcome[]> SubmitTogetherAsync(params Command[] commands);

    /// <summary>Begins, once everybody who must hear of commits listens: others may write into the log before this hub was given anything.</summary>
    void Start()
    {
    }
}
