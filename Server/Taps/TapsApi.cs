using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Taps;

/// <summary>A tap as the hub knows it.</summary>
/// <param name="Id">The tap's number.</param>
/// <param name="Connected">Whether it holds a connection that names its id, to this hub or to another that shares its log.</param>
/// <param name="Beers">Its beers, the deleted not among them.</param>
/// <param name="TotalVolume">Their volume in millilitres.</param>
/// <param name="Share">Its share of all beers in percent, two decimals.</param>
/// <param name="LastSeen">When it last poured or was last connected, UTC. Connections are remembered until the hub restarts, pours for ever.</param>
/// <param name="LastPour">When its newest beer was poured, UTC and never in the future, also when that was deleted since; not there when it never poured.</param>
/// <param name="RefusedSince">Since when its pours are refused because of its key, UTC; not there when they are not. A pour that is taken ends it.</param>
public sealed record Tap(
    int Id, bool Connected, long Beers, double TotalVolume, double Share, DateTime LastSeen, DateTime? LastPour, DateTime? RefusedSince = null);

/// <summary>One tap.</summary>
public sealed record TapAnswer(Tap Tap);

/// <summary>Every tap ever seen, by id; of those that only connected and went away, the last 1,000.</summary>
/// <param name="Position">The position the beers are of. Events behind it are not in them.</param>
public sealed record TapsAnswer(string Position, IReadOnlyList<Tap> Taps);

internal static class TapsApi
{
    public static void MapTapsApi(this IEndpointRouteBuilder routes)
    {
        var taps = routes.MapGroup("/api/taps").WithTags("Taps").Requires(Right.Read);
        taps.MapGet("", List).WithSummary("Lists every tap ever seen").Refuses(401, 403, 429, 503);
        taps.MapGet("{id}", Find).WithSummary("Gets one tap").Refuses(401, 403, 404, 429, 503);
    }

    private static Ok<TapsAnswer> List(BeerRepository repository, TapRegistry registry, RefusedPours refused, EventLog events)
    {
        var totals = repository.Totals.Snapshot();
        var poured = totals.Taps.ToDictionary(tap => tap.TapId);
        var ids = poured.Keys.Union(registry.Seen).Order();
        return TypedResults.Ok(new TapsAnswer(events.Frames.PositionOf(totals.Head), [.. ids.Select(id => Describe(id, poured.GetValueOrDefault(id), totals.Beers, registry, refused))]));
    }

    private static Results<Ok<TapAnswer>, RefusalResult> Find(string id, BeerRepository repository, TapRegistry registry, RefusedPours refused)
    {
        if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var tapId)) return new RefusalResult(Refusals.NoSuchTap());
        var tap = repository.Totals.Find(tapId);
        if (tap is null && registry.LastSeen(tapId) is null) return new RefusalResult(Refusals.NoSuchTap());
        return TypedResults.Ok(new TapAnswer(Describe(tapId, tap, repository.Totals.Counts().Beers, registry, refused)));
    }

    private static Tap Describe(int id, TapTotals? totals, long allBeers, TapRegistry registry, RefusedPours refused)
    {
        var poured = totals?.LastPour ?? DateTime.UnixEpoch;
        var connected = registry.LastSeen(id) ?? DateTime.UnixEpoch;
        return new Tap(
            id, registry.IsConnected(id), totals?.Beers ?? 0, totals?.TotalVolume ?? 0, Shares.Percent(totals?.Beers ?? 0, allBeers),
            poured > connected ? poured : connected, totals?.LastPour, refused.Since(id, totals?.LastPour));
    }
}
