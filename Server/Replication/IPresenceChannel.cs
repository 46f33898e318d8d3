namespace BeerTap.Server.Replication;

/// <summary>
/// The way on which hubs of one log tell each other what is true only now: every word goes to all that are there, none is kept for long, some may be
/// lost.
/// </summary>
internal interface IPresenceChannel
{
    /// <summary>Connects, and hears.</summary>
    /// <param name="deliver">Called for each word, one at a time, in the order of its sender; a hub's own come back to it too. It must not throw.</param>
    /// <exception cref="IOException">It cannot be done now; trying again may help.</exception>
    Task<IPresenceSession> OpenAsync(Action<ReadOnlyMemory<byte>> deliver, CancellationToken cancel);
}

/// <summary>A connection to the other hubs, until it breaks.</summary>
internal interface IPresenceSession : IAsyncDisposable
{
    /// <summary>Done when the connection is over; the result says why.</summary>
    Task<string> Closed { get; }

    /// <exception cref="IOException">The connection is over.</exception>
    Task SayAsync(ReadOnlyMemory<byte> word, CancellationToken cancel);
}
