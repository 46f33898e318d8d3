namespace BeerTap.Server.Replication;

/// <summary>
/// The log that hubs share, as an engine keeps it: entries in one order, each at an offset that is higher than the one before, readable from any
/// offset. Offsets may leave numbers out.
/// </summary>
internal interface ILogStream
{
    /// <summary>Connects, and reads from an offset on.</summary>
    /// <param name="from">The first offset that is wanted; where the engine dropped it, a later one comes first.</param>
    /// <param name="deliver">Called for each entry, one at a time, in order, once most of the engine's nodes have it. It must not throw.</param>
    /// <exception cref="IOException">It cannot be done now; trying again may help.</exception>
    Task<ILogSession> OpenAsync(long from, Action<LogDelivery> deliver, CancellationToken cancel);
}

/// <summary>A connection to the log, until it breaks.</summary>
internal interface ILogSession : IAsyncDisposable
{
    /// <summary>Where it leads, in words.</summary>
    string Name { get; }

    /// <summary>How many entries the log holds, about; null when that is not known.</summary>
    long? Entries { get; }

    /// <summary>Whether this connection made the log: nothing is in it but what others begin it with at the same time.</summary>
    bool IsNew { get; }

    /// <summary>Done when the connection is over; the result says why.</summary>
    Task<string> Closed { get; }

    /// <summary>Hands over an entry. Whether it came into the log is seen when it is delivered: nothing else proves it.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    Task AppendAsync(ReadOnlyMemory<byte> entry, CancellationToken cancel);

    /// <summary>The last entries that the log gives at the moment, beside what is delivered; none when it gives none soon.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    Task<IReadOnlyList<LogDelivery>> ReadEndAsync(CancellationToken cancel);

    /// <summary>Everything up to this delivery was applied: the engine may send more.</summary>
    void Took(LogDelivery delivery);
}

/// <summary>An entry and its place in the log.</summary>
/// <param name="Tag">The session's own word for it.</param>
internal readonly record struct LogDelivery(ILogSession Session, long Offset, ReadOnlyMemory<byte> Entry, ulong Tag);
