namespace BeerTap.Client;

/// <summary>
/// What the senders and feeds of this process know of the hub together: an answer that one of them got ends the waits of the others, which would
/// else go on for up to <see cref="Backoff.Cap"/> though the hub is back.
/// </summary>
internal sealed class HubSighting
{
    private TaskCompletionSource<long> _next = NewNext();
    private int _waiting;

    /// <summary>The hub answered something that was sent at <paramref name="sentAt"/>.</summary>
    public void Reached(long sentAt)
    {
        if (Volatile.Read(ref _waiting) > 0)
        {
            Interlocked.Exchange(ref _next, NewNext()).TrySetResult(sentAt);
        }
    }

    /// <summary>Until the hub answers something sent after <paramref name="began"/>: an answer to something older may be from before it went away.</summary>
    public async Task SeenSinceAsync(long began, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            while (await Volatile.Read(ref _next).Task.WaitAsync(cancellation) < began)
            {
                // Waits for the next.
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private static TaskCompletionSource<long> NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
