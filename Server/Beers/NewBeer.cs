using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Beers;

/// <summary>A pour as a tap posts it.</summary>
/// <param name="TapId">The tap, 1 to 2147483647.</param>
/// <param name="Volume">Millilitres; must fit a glass type.</param>
/// <param name="PourId">
/// The device's own id for this pour, 1 to 64 printable characters. The same <c>tapId</c> and <c>pourId</c> again is the same pour,
/// however often it is sent; the header <c>Idempotency-Key</c> means the same.
/// </param>
/// <param name="PouredAt">
/// When it was poured, RFC 3339 with <c>Z</c> or an offset; the time of arrival when left out. One before 2000, or more than a day ahead of the
/// hub's clock, is kept as <c>pouredAtClaimed</c>, and the beer gets the hub's time.
/// </param>
public sealed record NewBeer(int TapId, double Volume, [property: MinLength(1), MaxLength(PourReader.LongestPourId)] string? PourId = null, DateTimeOffset? PouredAt = null);

/// <summary>The pours of a tap that was offline.</summary>
/// <param name="Beers">1 to 500 pours, taken in this order.</param>
public sealed record NewBeers([property: MinLength(1)] IReadOnlyList<NewBeer> Beers);

/// <summary>One beer.</summary>
public sealed record BeerAnswer(Beer Beer);

/// <summary>A page of beers.</summary>
/// <param name="Beers">In the order of their ids, up or down as asked.</param>
/// <param name="Page">The number of this page, from 1.</param>
/// <param name="PageSize">How many beers a page holds.</param>
/// <param name="Total">How many beers the filter matches in all.</param>
public sealed record BeersAnswer(IReadOnlyList<Beer> Beers, long Page, int PageSize, long Total);

/// <summary>What became of each pour of a batch, in the order they were sent.</summary>
public sealed record BatchAnswer(IReadOnlyList<BatchResult> Results);

/// <summary>What became of one pour of a batch.</summary>
/// <param name="Status">The status it would have had alone: 201, 200 (sent before), 400, 403, 409, 503 or 507.</param>
/// <param name="Beer">The beer, with 200 and 201.</param>
/// <param name="Problem">What was wrong, with any other status.</param>
public sealed record BatchResult(int Status, Beer? Beer = null, Problem? Problem = null);
