namespace BeerTap.Server.Reports;

/// <summary>Each tap's share of the beers that are there.</summary>
/// <param name="TotalBeers">All beers, the deleted not among them.</param>
/// <param name="Taps">Every tap that has beers, by its id.</param>
public sealed record ShareReport(long TotalBeers, IReadOnlyList<TapShare> Taps);

/// <summary>One tap's share.</summary>
/// <param name="TapId">The tap.</param>
/// <param name="Beers">Its beers.</param>
/// <param name="Share">Its share of all beers in percent, two decimals.</param>
/// <param name="TotalVolume">Its volume in millilitres.</param>
public sealed record TapShare(int TapId, long Beers, double Share, double TotalVolume);

/// <summary>The current share report over REST.</summary>
/// <param name="Position">The position the report is of.</param>
public sealed record ShareReportAnswer(string Position, ShareReport Report);
