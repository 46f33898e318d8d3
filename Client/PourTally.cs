namespace BeerTap.Client;

/// <summary>What became of the pours of all taps of this process; counted from many threads.</summary>
internal sealed class PourTally
{
    private long _posted;
    private long _acknowledged;
    private long _replayed;
    private long _refused;
    private long _newestBeer;

    /// <summary>Pours that were sent at least once; a pour sent again is not counted again.</summary>
    public long Posted => Interlocked.Read(ref _posted);

    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Of the acknowledged, those the hub already had.</summary>
    public long Replayed => Interlocked.Read(ref _replayed);

    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>The highest beer id acknowledged. An id is the number of the pour's position, so a feed that came this far heard all of them.</summary>
    public long NewestBeer => Interlocked.Read(ref _newestBeer);

    public void SentFirst() => Interlocked.Increment(ref _posted);

    public void Refuse() => Interlocked.Increment(ref _refused);

    public void Acknowledge(long beerId, bool wasReplayed)
    {
        if (wasReplayed)
        {
            Interlocked.Increment(ref _replayed);
        }

        var seen = Interlocked.Read(ref _newestBeer);
        while (beerId > seen)
        {
            var before = Interlocked.CompareExchange(ref _newestBeer, beerId, seen);
            if (before == seen)
            {
                break;
            }

            seen = before;
        }

        Interlocked.Increment(ref _acknowledged);
    }
}
