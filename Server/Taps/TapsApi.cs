using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
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
    int Id, bool Connected, long Beers, double TotalVolume, double Share, DateTime LastSeen, DateTime? LastPour = null, DateTime? RefusedSince = null);

/// <summary>One tap.</summary>
public sealed record TapAnswer(Tap Tap);

/// <summary>A page of the taps ever seen, by id; of those that only connected and went away, the last 1,000 are remembered.</summary>
/// <param name="Position">The position the beers are of. Events behind it are not in them.</param>
/// <param name="Taps">In the order of their ids.</param>
/// <param name="PageSize">How many taps a page holds.</param>
/// <param name="Next">Ask for the next page with <c>after_id</c> set to this; not there when this page is the last.</param>
public sealed record TapsAnswer(string Position, IReadOnlyList<Tap> Taps, int PageSize, int? Next = null);

internal static class TapsApi
{
    public const string Path = "/api/taps";

    /// <summary>How many taps a page holds at most, and when the caller does not say: 170 KB.</summary>
    private const int MostPageSize = 1_000;

    public static void MapTapsApi(this IEndpointRouteBuilder routes)
    {
        var taps = routes.MapGroup(Path).WithTags("Taps").Requires(Right.Read);
        taps.MapGet("", List)
            .WithSummary("Lists the taps ever seen")
            .WithDescription("By id. `page_size` 1 to 1000. `next` and the header `Link` with `rel=\"next\"` lead to the next page by key (`after_id`).")
            .Refuses(400, 401, 403, 429, 503);
        taps.MapGet("{id}", Find).WithSummary("Gets one tap").Refuses(401, 403, 404, 429, 503);
    }

    private static Results<ReadAnswer<TapsAnswer>, RefusalResult> List(
        HttpContext http, BeerRepository repository, TapRegistry registry, RefusedPours refused, EventLog events, ReadLimits limits)
    {
        var errors = new FieldErrors();
        var pageSize = (int)(QueryFields.Whole(http.Request, "page_size", 1, MostPageSize, errors) ?? MostPageSize);
        var afterId = (int)(QueryFields.Whole(http.Request, "after_id", 0, int.MaxValue, errors) ?? 0);
        if (errors.Any)
        {
            return new RefusalResult(errors.ToProblem());
        }

        return new ReadAnswer<TapsAnswer>(limits, () =>
        {
            // One more than the page holds tells whether there is another page.
            var totals = repository.Totals.Page(afterId, pageSize + 1);
            var poured = totals.Taps.ToDictionary(tap => tap.TapId);
            var ids = poured.Keys.Union(registry.SeenAfter(afterId, pageSize + 1)).Order().Take(pageSize + 1).ToList();
            int? next = ids.Count > pageSize ? ids[pageSize - 1] : null;
            if (next is { } last)
            {
                http.Response.Headers.Link = string.Create(CultureInfo.InvariantCulture, $"<{Path}?page_size={pageSize}&after_id={last}>; rel=\"next\"");
            }

            var taps = ids.Take(pageSize).Select(id => Describe(id, poured.GetValueOrDefault(id), totals.Beers, registry, refused));
            return new TapsAnswer(events.Frames.PositionOf(totals.Head), [.. taps], pageSize, next);
        });
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
