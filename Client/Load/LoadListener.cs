namespace BeerTap.Client.Load;

/// <summary>What one listener of a load hears; its feed reports to it from one connection at a time.</summary>
internal sealed class LoadListener(FeedKind kind, PourBook book, Latencies latencies) : IReport
{
    private long _doubled;
    private volatile string _lastSaid = "";

    public FeedKind Kind => kind;

    public LiveFeed Feed { get; set; } = null!;

    public PourSet HeardPours { get; } = new(book.Numbers.Pours);

    /// <summary>Pours that came again: under the same position, which the feed notices, or as another beer.</summary>
    public long Doubled => Interlocked.Read(ref _doubled) + Feed.Tally.Duplicates;

    /// <summary>Acknowledged pours that it has not heard of.</summary>
    public int Missing => book.Acknowledged.CountWithout(HeardPours);

    public string LastSaid => _lastSaid;

    public void Heard(FeedEvent heard)
    {
        if (heard is not { Event: FeedEvent.BeerPoured, Beer: { } beer } || book.Numbers.NumberOf(beer) is not { } number)
        {
            return;
        }

        if (!HeardPours.Add(number))
        {
            Interlocked.Increment(ref _doubled);
        }
        else if (book.IsMeasured(number))
        {
            latencies.Add(book.SinceDue(number));
        }
    }

    public void Say(string text) => _lastSaid = text;
}
