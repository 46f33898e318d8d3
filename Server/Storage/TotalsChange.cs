using System.Runtime.InteropServices;

namespace BeerTap.Server.Storage;

/// <summary>A change of a total: how many beers, how much volume in <see cref="Units"/>, and the latest pour, if one was added.</summary>
internal readonly record struct TotalsChange(long Beers, long Units, DateTime? LastPour)
{
    /// <summary>What an event changes.</summary>
    public static TotalsChange Of(LogEvent entry) => entry switch
    {
        BeerPoured { Beer: var poured } => new TotalsChange(1, Storage.Units.FromMillilitres(poured.Volume), poured.Timestamp),
        BeerDeleted { Beer: var deleted } => new TotalsChange(-1, -Storage.Units.FromMillilitres(deleted.Volume), null),

        // Any other kind is about no beer.
        _ => default,
    };

    /// <summary>Adds what an event changes in the totals of its beer's hour; the hour counts from 1970 in UTC.</summary>
    public static void Add(Dictionary<(long Hour, int TapId, string Type), TotalsChange> hourly, LogEvent entry)
    {
        var beer = entry switch
        {
            BeerPoured { Beer: var poured } => poured,
            BeerDeleted { Beer: var deleted } => deleted,
            _ => null,
        };
        if (beer is null)
        {
            return;
        }

        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(hourly, (Hours.Of(beer.Timestamp), beer.TapId, beer.Type), out _);
        sum = sum.Plus(Of(entry));
    }

    public TotalsChange Plus(TotalsChange other) => new(
        Beers + other.Beers,
        Units + other.Units,
        LastPour is null || other.LastPour > LastPour ? other.LastPour ?? LastPour : LastPour);
}
