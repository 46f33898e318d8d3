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

    /// <summary>The pour ids that become known with this batch.</summary>
    public IReadOnlyDictionary<(int TapId, string PourId), Beer> Pours => _pours;

    /// <summary>What changes in the totals of a tap and glass type.</summary>
    public Dictionary<(int TapId, string Type), TotalsChange> Totals { get; } = new(size);

    /// <summary>What changes in the totals of an hour; the hour counts from 1970 in UTC.</summary>
    public Dictionary<(long Hour, int TapId, string Type), TotalsChange> Hourly { get; } = new(size);

    public Beer Pour(PourBeer pour)
    {
        var beer = new Beer(Head + 1, pour.Type, pour.Volume, pour.Timestamp, pour.TapId);
        Events.Add(new BeerPoured(beer));
        if (pour.PourId is { } pourId) _pours[(pour.TapId, pourId)] = beer;
        Count(beer, +1);
        return beer;
    }

    public void Delete(Beer beer, DateTime at)
    {
        Events.Add(new BeerDeleted(Head + 1, beer, at));
        _deleted.Add(beer.Id);
        Count(beer, -1);
    }

    /// <summary>The beer this batch poured under that pour id, if any.</summary>
    public Beer? FindPour(int tapId, string pourId) => _pours.GetValueOrDefault((tapId, pourId));

    /// <summary>The beer this batch poured, if it is still there.</summary>
    public Beer? FindPoured(long id) =>
        id > Start && id <= Head && !_deleted.Contains(id) && Events[(int)(id - Start - 1)] is BeerPoured { Beer: var beer } ? beer : null;

    public bool HasDeleted(long id) => _deleted.Contains(id);

    private void Count(Beer beer, int sign)
    {
        var change = new TotalsChange(sign, sign * Units.FromMillilitres(beer.Volume), sign > 0 ? beer.Timestamp : null);
        Add(Totals, (beer.TapId, beer.Type), change);
        Add(Hourly, (Hours.Of(beer.Timestamp), beer.TapId, beer.Type), change);
    }

    private static void Add<TKey>(Dictionary<TKey, TotalsChange> changes, TKey key, TotalsChange change)
        where TKey : notnull
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(changes, key, out _);
        sum = sum.Plus(change);
    }
}
