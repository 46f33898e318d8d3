namespace BeerTap.Server.Storage;

/// <summary>A change of a total: how many beers, how much volume in <see cref="Units"/>, and the latest pour, if one was added.</summary>
internal readonly record struct TotalsChange(long Beers, long Units, DateTime? LastPour)
{
    public TotalsChange Plus(TotalsChange other) => new(
        Beers + other.Beers,
        Units + other.Units,
        LastPour is null || other.LastPour > LastPour ? other.LastPour ?? LastPour : LastPour);
}
