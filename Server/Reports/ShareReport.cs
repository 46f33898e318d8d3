namespace BeerTap.Server.Reports;

/// <summary>Each tap's share of the beers that are there.</summary>
/// <param name="TotalBeers">All beers, the deleted not among them.</param>
/// <param name="Taps">The taps with the most beers, <c>Reports:Taps</c> of them at most, by their id.</param>
/// <param name="Others">All other taps that have beers, as one; not there when there is none.</param>
public sealed record ShareReport(long TotalBeers, IReadOnlyList<TapShare> Taps, OtherShares? Others = null);

/// <summary>One tap's share.</summary>
/// <param name="TapId">The tap.</param>
/// <param name="Beers">Its beers.</param>
/// <param name="Share">Its share of all beers in percent, two decimals.</param>
/// <param name="TotalVolume">Its volume in millilitres.</param>
public sealed record TapShare(int TapId, long Beers, double Share, double TotalVolume);

/// <summary>The share of all taps that a report does not name.</summary>
/// <param name="Taps">How many they are.</param>
/// <param name="Beers">Their beers.</param>
/// <param name="Share">Their share of all beers in percent, two decimals.</param>
/// <param name="TotalVolume">Their volume in millilitres.</param>
public sealed record OtherShares(int Taps, long Beers, double Share, double TotalVolume);

/// <summary>The current share report over REST.</summary>
/// <param name="Position">The position the report is of.</param>
public sealed record ShareReportAnswer(string Position, ShareReport Report);
