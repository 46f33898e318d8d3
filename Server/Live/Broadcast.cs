using System.Diagnostics;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>
/// A traced batch on its way to every listener, under the source <c>BeerTap.Feed</c>: from the commit until each pump has visited all its
/// listeners once.
/// </summary>
internal sealed class Broadcast
{
    public const string TraceName = "BeerTap.Feed";

    private static readonly ActivitySource Source = new(TraceName);

    private readonly Activity _span;
    private int _pumps;

    private Broadcast(Activity span, int pumps) => (_span, _pumps) = (span, pumps);

    /// <summary>Begins one, or gives null when nobody follows the batch.</summary>
    public static Broadcast? Begin(CommittedBatch batch, int pumps, Func<int> listeners)
    {
        if (batch.Commit is not { } commit || Source.StartActivity("beertap broadcast", ActivityKind.Internal, commit.Context) is not { } span) return null;
        span.SetTag("beertap.position", batch.Last).SetTag("beertap.commit.events", batch.Events.Count).SetTag("beertap.listeners", listeners());

        // It ends on a pump's thread; what this one does next does not belong to it.
        Activity.Current = null;
        return new Broadcast(span, pumps);
    }

    /// <summary>One pump has offered the batch to all its listeners; who is busy or behind gets it later.</summary>
    public void Walked()
    {
        if (Interlocked.Decrement(ref _pumps) == 0) _span.Stop();
    }
}
