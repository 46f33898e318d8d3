namespace BeerTap.Server.Reports;

/// <summary>What was poured and is there.</summary>
/// <param name="Position">The position the totals are of. Events behind it are not in them.</param>
/// <param name="From">Only what was poured at this time (UTC) or later; not there when it is everything.</param>
/// <param name="Beers">All beers, the deleted not among them.</param>
/// <param name="TotalVolume">Their volume in millilitres.</param>
/// <param name="Types">Each glass type, the smallest glass first; those that the configuration no longer names come last.</param>
public sealed record TotalsAnswer(string Position, DateTime? From, long Beers, double TotalVolume, IReadOnlyList<GlassTotal> Types);

/// <summary>What was poured of one glass type.</summary>
/// <param name="Type">The glass type.</param>
/// <param name="Beers">Its beers.</param>
/// <param name="TotalVolume">Their volume in millilitres.</param>
public sealed record GlassTotal(string Type, long Beers, double TotalVolume);

/// <summary>Beers per minute over the last hour.</summary>
/// <param name="Position">The position the counts are of. Events behind it are not in them.</param>
/// <param name="From">When the first minute began, UTC.</param>
/// <param name="Minutes">
/// How many beers were poured in each minute, the deleted not among them; the last one still runs. 60 of them; fewer when a hub that started anew does not
/// know the whole hour.
/// </param>
public sealed record MinutesAnswer(string Position, DateTime From, IReadOnlyList<long> Minutes);
