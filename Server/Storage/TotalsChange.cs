using System.Runtime.InteropServices;

namespace BeerTap.Server.Storage;

/// <summary>A change of a total: how many beers, how much volume in <see cref="Units"/>, and the newest pour, if one was added.</summary>
/// <param name="LastPour">
/// The time of the pour with the highest position. Not the latest time: one of a clock that was ahead for a while would stay the latest for years.
/// </param>
/// <param name="LastId">The position number of that pour; 0 when none was added.</param>
internal readonly record struct TotalsChange(long Beers, long Units, DateTime? LastPour, long LastId = 0)
{
    /// <summary>What an event changes.</summary>
    public static TotalsChange Of(LogEvent entry) => entry switch
    {
        BeerPoured { Beer: var poured } => new TotalsChange(1, Storage.Units.FromMillilitres(poured.Volume), poured.Timestamp, poured.Id),
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
        other.LastId > LastId ? other.LastPour : LastPour,
        Math.Max(LastId, other.LastId));
}
