namespace BeerTap.Client.Watch;

/// <summary>A tap as a board shows it; <c>Share</c> in percent, <c>Rate</c> in pours a second.</summary>
/// <param name="Connected">Null: not known.</param>
internal sealed record TapRow(long Id, bool? Connected, long Beers, decimal Share, decimal Volume, double Rate, HeardPour? Last);

/// <summary>A pour, and the local time at which it was heard.</summary>
internal sealed record HeardPour(Beer Beer, DateTimeOffset At);

/// <summary>Something that was said, and when (local time).</summary>
internal sealed record Saying(string Text, DateTimeOffset At);

/// <summary>How the house stands at one moment.</summary>
/// <param name="Taps">By id; all of them, or the leading ones when the hub told no more.</param>
/// <param name="Others">The taps that are not among <paramref name="Taps"/>.</param>
/// <param name="Pours">The last pours, newest first.</param>
/// <param name="Sayings">What was said, oldest first.</param>
internal sealed record House(
    IReadOnlyList<TapRow> Taps, OtherShares? Others, double Rate, IReadOnlyList<HeardPour> Pours, IReadOnlyList<Saying> Sayings, WorkDone? Work, DateTimeOffset Now)
{
    public long Beers => Taps.Sum(tap => tap.Beers) + (Others?.Beers ?? 0);

    public decimal Volume => Taps.Sum(tap => tap.Volume) + (Others?.TotalVolume ?? 0);
}

/// <summary>How far long work has come.</summary>
internal sealed record WorkDone(string Work, long Done, long Total);

/// <summary>
/// What the feed told and what the hub lists, put together. The hub's list of taps has the sums of each; as long as it is not
/// to be had, share reports stand in, which name the leading taps only. Rates and last pours come from the feed.
/// </summary>
internal sealed class TapBoard(TimeProvider time)
{
    private const int MostPours = 50;
    private const int MostSayings = 50;

    private readonly Lock _change = new();
    private readonly long _began = time.GetTimestamp();

    // Guarded by change.
    private readonly Dictionary<long, (PourRate Rate, HeardPour Last)> _heard = [];
    private readonly PourRate _rate = new();
    private readonly LinkedList<HeardPour> _pours = [];
    private readonly LinkedList<Saying> _sayings = [];
    private IReadOnlyList<Tap>? _list;
    private ShareReport? _report;
    private WorkDone? _work;

    public void Heard(FeedEvent heard)
    {
        lock (_change)
        {
            if (heard.Report is { } report)
            {
                _report = report;
            }
            else if (heard.Beer is { } beer)
            {
                Heard(new HeardPour(beer, time.GetLocalNow()));
            }
        }
    }

    /// <summary>All taps as the hub lists them; null: it does not tell.</summary>
    public void List(IReadOnlyList<Tap>? taps)
    {
        lock (_change)
        {
            _list = taps;
        }
    }

    public void Say(string text)
    {
        lock (_change)
        {
            Keep(_sayings, new Saying(text, time.GetLocalNow()), MostSayings);
        }
    }

    public void Progress(WorkDone work)
    {
        lock (_change)
        {
            _work = work.Done < work.Total ? work : null;
        }
    }

    public House Now()
    {
        lock (_change)
        {
            var listed = _list?.Select(tap => Row(tap.Id, tap.Connected, tap.Beers, tap.Share, tap.TotalVolume))
                ?? (_report?.Taps ?? []).Select(tap => Row(tap.TapId, null, tap.Beers, tap.Share, tap.TotalVolume));
            var others = _list is null ? _report?.Others : null;
            return new House([.. listed.OrderBy(tap => tap.Id)], others, _rate.PerSecond(Second, 0), [.. _pours.Reverse()], [.. _sayings], _work, time.GetLocalNow());
        }
    }

    private long Second => (long)time.GetElapsedTime(_began).TotalSeconds;

    private TapRow Row(long id, bool? connected, long beers, decimal share, decimal volume) => _heard.TryGetValue(id, out var heard)
        ? new TapRow(id, connected, beers, share, volume, heard.Rate.PerSecond(Second, 0), heard.Last)
        : new TapRow(id, connected, beers, share, volume, 0, null);

    private void Heard(HeardPour pour)
    {
        var rate = _heard.TryGetValue(pour.Beer.TapId, out var before) ? before.Rate : new PourRate();
        rate.Add(Second);
        _rate.Add(Second);
        _heard[pour.Beer.TapId] = (rate, pour);
        Keep(_pours, pour, MostPours);
    }

    private static void Keep<T>(LinkedList<T> kept, T newest, int most)
    {
        kept.AddLast(newest);
        if (kept.Count > most)
        {
            kept.RemoveFirst();
        }
    }
}
