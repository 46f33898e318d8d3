namespace BeerTap.Server.Live;

/// <summary>
/// One connection that listens: a cursor into the log, and the thin coat that writes frames to its transport. There is no queue behind it.
/// </summary>
internal abstract class Subscriber(FrameFormat format, FeedRequest request, string transport, SocketProgress progress)
{
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FrameFormat Format { get; } = format;

    public FeedRequest Request { get; } = request;

    /// <summary>The transport's name in logs and metrics.</summary>
    public string Transport { get; } = transport;

    /// <summary>Done once the connection is over and the pump has let go of the cursor.</summary>
    public Task Left => _left.Task;

    /// <summary>Whose loop serves it; set by the feed.</summary>
    internal Pump? Pump { get; set; }

    /// <summary>Asks for the connection to be closed with a reason, from any thread; nothing happens to one that was never served.</summary>
    public void RequestClose(CloseReason reason) => Pump?.Close(this, reason);

    /// <summary>Bytes that mean nothing and keep the way open; empty when the transport pings by itself.</summary>
    public virtual ReadOnlyMemory<byte> Comment => default;

    /// <summary>Whether they are to be sent; asked once a second by the pump, while it has nothing else to write.</summary>
    public virtual bool IsCommentDue(LiveOptions options, TimeProvider time) => false;

    /// <summary>Writes whole frames. Done at once unless the transport is full; never called again before it is done.</summary>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> frames);

    /// <summary>Ends the connection in order, after the last frame.</summary>
    public abstract Task CloseAsync(CloseReason reason);

    /// <summary>Cuts the connection.</summary>
    public abstract void Abort();

    // The pump's own from here on. While the subscriber is busy, what it is busy with may set Seq and Closed; otherwise the loop alone.

    internal SubscriberState State { get; set; }

    /// <summary>The position number of the last event that was written.</summary>
    internal long Seq { get; set; }

    internal long ReportVersion { get; set; }

    /// <summary>Frames that come before any event: the welcome, or a comment.</summary>
    internal ReadOnlyMemory<byte> Owed { get; set; }

    /// <summary>When the last write was begun, or the client last took bytes of it, as a timestamp of the <see cref="TimeProvider"/>.</summary>
    internal long LastWrite { get; set; }

    /// <summary>Its place in the pump's list.</summary>
    internal int Index { get; set; }

    /// <summary>Why it is to be closed, once somebody wants that.</summary>
    internal CloseReason? CloseWanted { get; set; }

    /// <summary>Nothing more is said to it.</summary>
    internal bool Closed { get; set; }

    /// <summary>The connection is over; the pump lets go as soon as nothing is under way.</summary>
    internal bool Leaving { get; set; }

    /// <summary>Whether the client's side took bytes since this was last asked.</summary>
    internal bool TakesBytes() => progress.Moved();

    internal void SetLeft() => _left.TrySetResult();
}

internal enum SubscriberState
{
    /// <summary>May be written to.</summary>
    Idle,

    /// <summary>A write, a read from the store or the closing is under way.</summary>
    Busy,

    /// <summary>No longer served.</summary>
    Gone,
}
