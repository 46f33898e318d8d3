namespace BeerTap.Server.Live;

/// <summary>The end of a connection that the hub wants: the event <c>closing</c>, the transport's own close, and a moment for the client to go.</summary>
internal sealed class Farewell(LiveOptions options, FeedMeter meter, TimeProvider time, ILogger log)
{
    /// <summary>How long a client that was told to close may take to do so.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <param name="to">Where else the client may go; null: where it was.</param>
    public async Task SayAsync(Subscriber subscriber, CloseReason reason, string? to)
    {
        subscriber.Closed = true;
        await subscriber.WriteAsync(Frames.Closing(subscriber.Format, reason, RetryAfter(reason), to));
        await subscriber.CloseAsync(reason);
        meter.Closed(reason);
        Log.Closed(log, subscriber.Request.ToString(), subscriber.Transport, reason.Name);
        _ = AbortUnlessLeftAsync(subscriber);
    }

    private async Task AbortUnlessLeftAsync(Subscriber subscriber)
    {
        try
        {
            await subscriber.Left.WaitAsync(Grace, time);
        }
        catch (TimeoutException)
        {
            subscriber.Abort();
        }
    }

    /// <summary>Each client its own moment, so that they do not all come back at once.</summary>
    private int? RetryAfter(CloseReason reason) =>
        reason.ComeBack ? Random.Shared.Next(0, (int)options.DrainSpread.TotalMilliseconds + 1) : null;
}
