namespace BeerTap.Server.Beers;

/// <summary>One pour that was committed to the log.</summary>
/// <param name="Id">The number of the log position of its pour: counts from 1, never used twice.</param>
/// <param name="Type">The glass type, found from the volume when it was poured.</param>
/// <param name="Volume">Millilitres, as the tap measured them.</param>
/// <param name="Timestamp">When it was poured, UTC, to the millisecond: the tap's <c>pouredAt</c>, else the time of arrival.</param>
/// <param name="TapId">The tap that poured it, 1 to 2147483647.</param>
public sealed record Beer(long Id, string Type, double Volume, DateTime Timestamp, int TapId);
