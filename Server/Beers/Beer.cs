namespace BeerTap.Server.Beers;

/// <summary>One pour that was committed to the log.</summary>
/// <param name="Id">The number of the log position of its pour: counts from 1, never used twice.</param>
/// <param name="Type">The glass type, found from the volume when it was poured.</param>
/// <param name="Volume">Millilitres, as the tap measured them.</param>
/// <param name="Timestamp">When it was poured, UTC, to the millisecond: the tap's <c>pouredAt</c>, else the hub's time when it arrived.</param>
/// <param name="TapId">The tap that poured it, 1 to 2147483647.</param>
/// <param name="PouredAtClaimed">The <c>pouredAt</c> that the tap sent, UTC, where that could not be: before 2000, or more than a day ahead of the hub's clock.</param>
public sealed record Beer(long Id, string Type, double Volume, DateTime Timestamp, int TapId, DateTime? PouredAtClaimed = null);
