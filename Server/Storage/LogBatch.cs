using System.Runtime.InteropServices;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Storage;

/// <summary>The events of one transaction while they are being decided, and what they change in the totals.</summary>
/// <param name="head">The position number before the batch.</param>
/// <param name="size">How many events are to be expected.</param>
internal sealed class LogBatch(long head, int size = 0)
{
    private readonly Dictionary<(int TapId, string PourId), Beer> _pours = [];
    private readonly HashSet<long> _deleted = [];

    /// <summary>The position number before the batch.</summary>
    public long Start { get; } = head;

    /// <summary>The position number after the batch.</summary>
    public long Head => Start + Events.Count;

    public List<LogEvent> Events { get; } = new(size);

    /// <summary>What whoever orders the log wants kept with the batch; null when nothing.</summary>
    public byte[]? Bookmark { get; set; }

    /// <summary>Whether the bookmark is worth a transaction of its own where there are no events.</summary>
    public bool KeepsBookmarkAlone { get; set; }

    /// <summary>The pour ids that become known with this batch.</summary>
    public IReadOnlyDictionary<(int TapId, string PourId), Beer> Pours => _pours;

    /// <summary>What changes in the totals of a tap and glass type.</summary>
    public Dictionary<(int TapId, string Type), TotalsChange> Totals { get; } = new(size);

    /// <summary>What changes in the totals of an hour; the hour counts from 1970 in UTC.</summary>
    public Dictionary<(long Hour, int TapId, string Type), TotalsChange> Hourly()
    {
        var changes = new Dictionary<(long Hour, int TapId, string Type), TotalsChange>();
        foreach (var entry in Events) TotalsChange.Add(changes, entry);
        return changes;
    }

    public Beer Pour(PourBeer pour)
    {
        var beer = new Beer(Head + 1, pour.Type, pour.Volume, pour.Timestamp, pour.TapId, pour.Claimed);
        Add(new BeerPoured(beer), beer);
        if (pour.PourId is { } pourId) _pours[(pour.TapId, pourId)] = beer;
        return beer;
    }

    public void Delete(Beer beer, DateTime at)
    {
        Add(new BeerDeleted(Head + 1, beer, at), beer);
        _deleted.Add(beer.Id);
    }

    /// <summary>The beer this batch poured under that pour id, if any.</summary>
    public Beer? FindPour(int tapId, string pourId) => _pours.GetValueOrDefault((tapId, pourId));

    /// <summary>The beer this batch poured, if it is still there.</summary>
    public Beer? FindPoured(long id) =>
        id > Start && id <= Head && !_deleted.Contains(id) && Events[(int)(id - Start - 1)] is BeerPoured { Beer: var beer } ? beer : null;

    public bool HasDeleted(long id) => _deleted.Contains(id);

    private void Add(LogEvent entry, Beer beer)
    {
        Events.Add(entry);
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(Totals, (beer.TapId, beer.Type), out _);
        sum = sum.Plus(TotalsChange.Of(entry));
    }
}
