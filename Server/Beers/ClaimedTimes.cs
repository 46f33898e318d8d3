namespace BeerTap.Server.Beers;

/// <summary>Warns of taps whose clocks are wrong, at most once in a while however many pours they send.</summary>
internal sealed class ClaimedTimes(TimeProvider time, ILogger<ClaimedTimes> log)
{
    private static readonly TimeSpan BetweenWarnings = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long? _warned;
    private long _untold;

    /// <summary>A beer was stored; warns when its time is the hub's because the tap's could not be.</summary>
    public void Stored(Beer beer)
    {
        if (beer.PouredAtClaimed is not { } claimed) return;
        long untold;
        lock (_gate)
        {
            if (_warned is { } at && time.GetElapsedTime(at) < BetweenWarnings)
            {
                _untold++;
                return;
            }

            _warned = time.GetTimestamp();
            (untold, _untold) = (_untold, 0);
        }

        Log.TimeClaimed(log, beer.TapId, Instant.Text(claimed), beer.Id, Instant.Text(beer.Timestamp), untold);
    }
}
