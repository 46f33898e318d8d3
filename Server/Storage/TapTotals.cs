namespace BeerTap.Server.Storage;

/// <summary>One tap's totals as they stood at a position.</summary>
internal sealed record TapTotals(int TapId, long Beers, long Units, DateTime LastPour)
{
    public double TotalVolume => Storage.Units.ToMillilitres(Units);
}

/// <summary>The totals at a position: of all beers, and of some taps in the order of their ids.</summary>
internal sealed record TotalsPage(long Head, long Beers, IReadOnlyList<TapTotals> Taps);

/// <summary>The totals at a position of the taps with the most beers, and the sums of all others that have any.</summary>
internal sealed record TopTotals(long Head, long Beers, IReadOnlyList<TapTotals> Taps, int OtherTaps, long OtherBeers, long OtherUnits)
{
    /// <summary>Beers ever poured: each position is either a pour or a deletion, and each deletion takes one pour away.</summary>
    public long Poured => (Head + Beers) / 2;
}
