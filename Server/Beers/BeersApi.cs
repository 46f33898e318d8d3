using System.Globalization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Taps;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Beers;

/// <summary>Pours in, beers out: <c>/api/beers</c>.</summary>
/// <remarks>Made once, with all it needs: a handler that asked for services would make a scope for each pour.</remarks>
internal sealed class BeersApi(
    Access access, TapLimit taps, PourReader reader, IntakeOptions options, LimitOptions limits, GlassTypes glasses, BeerRepository repository,
    ReadLimits reads, RefusalMeter meter, RefusedPours refusedPours, PourTimes times, ClaimedTimes claimed, ILogger<BeerRepository> log)
{
    public const string Path = "/api/beers";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var api = ActivatorUtilities.CreateInstance<BeersApi>(routes.ServiceProvider);
        var beers = routes.MapGroup(Path).WithTags("Beers");
        beers.MapPost("", (Delegate)api.PourAsync)
            .WithSummary("Pours a beer")
            .WithDescription(
                "Answered when the beer is on the disk. With a `pourId` (or the header `Idempotency-Key`) a tap may send the same pour as often as it likes: " +
                "the same beer comes back with 200 and `Idempotency-Replayed: true`, and no second event goes out.")
            .Accepts<NewBeer>("application/json")
            .Requires(Right.Pour)
            .Refuses(400, 401, 403, 409, 413, 415, 429, 503, 507);
        beers.MapPost("batch", (Delegate)api.PourManyAsync)
            .WithSummary("Pours several beers")
            .WithDescription("For taps that were offline: 1 to 500 pours, answered one by one in the order they were sent. One bad pour fails alone.")
            .Accepts<NewBeers>("application/json")
            .Requires(Right.Pour)
            .WithMetadata(IsBatch.Mark)
            .Refuses(400, 401, 403, 413, 415, 429, 503);
        beers.MapGet("", api.List)
            .WithSummary("Lists beers")
            .WithDescription(
                "Filters: `type`, `tapId`, `from` (included) and `to` (not included). `order=asc` (by id, oldest first) or `desc`. `page` counts from 1, `page_size` 1 to 500. " +
                "The header `Link` with `rel=\"next\"` leads to the next page by key (`after_id`), which costs the same however far it is.")
            .Requires(Right.Read)
            .Refuses(400, 401, 403, 429, 503);
        beers.MapGet("{id}", api.Find).WithSummary("Gets one beer").Requires(Right.Read).Refuses(401, 403, 404, 429, 503);
        beers.MapDelete("{id}", api.DeleteAsync)
            .WithSummary("Takes a beer out of the collection")
            .WithDescription("204, and 404 from then on. The log keeps the pour, and the deletion as an event of its own.")
            .Requires(Right.Delete)
            .Refuses(401, 403, 404, 429, 503);
    }

    private async Task<Results<BeerResult, RefusalResult>> PourAsync(HttpContext http)
    {
        var (key, badKey) = IdempotencyKey(http.Request);
        if (badKey is not null) return new RefusalResult(badKey);
        var (pour, refusal) = await BodyReader.ReadAsync(http, options.MaxBodyBytes, (reader, key), static (json, with) => with.reader.ReadOne(json.Span, with.key));
        if (pour is null) return new RefusalResult(refusal!);
        if (access.RefusalToActFor(http, pour.TapId) is { } notItsTap)
        {
            if (notItsTap.Status != StatusCodes.Status503ServiceUnavailable) refusedPours.Add(pour.TapId);
            return new RefusalResult(notItsTap);
        }

        if (!taps.TryEnter(pour.TapId, out var isNew)) return new RefusalResult(Refusals.TooManyTaps(limits.Taps));

        Outcome outcome;
        try
        {
            outcome = await repository.AddAsync(pour);
        }
        finally
        {
            if (isNew)
            {
                taps.Leave(pour.TapId);
            }
        }

        switch (outcome.Kind)
        {
            case OutcomeKind.Poured:
                refusedPours.Remove(pour.TapId);
                Log.Poured(log, outcome.Beer!);
                claimed.Stored(outcome.Beer!);
                return new BeerResult(outcome.Beer!, isReplayed: false);
            case OutcomeKind.Replayed:
                refusedPours.Remove(pour.TapId);
                Log.Replayed(log, pour.TapId, pour.PourId!, outcome.Beer!.Id);
                return new BeerResult(outcome.Beer!, isReplayed: true);
            default:
                return new RefusalResult(Refusals.For(outcome, pour.PourId));
        }
    }

    private async Task<Results<BatchResults, RefusalResult>> PourManyAsync(HttpContext http)
    {
        if (http.Request.Headers.ContainsKey("Idempotency-Key"))
            return new RefusalResult(Refusals.InvalidField("Idempotency-Key", "cannot stand for several pours; give each its own pourId."));

        var (pours, refusal) = await BodyReader.ReadAsync(http, options.MaxBodyBytes, (reader, options), static (json, with) => with.reader.ReadMany(json.Span, with.options.MaxBatch));
        if (pours is null) return new RefusalResult(refusal!);

        var good = new List<PourBeer>(pours.Count);
        var newTaps = new List<int>();
        Outcome[] outcomes;
        try
        {
            for (var i = 0; i < pours.Count; i++)
            {
                if (pours[i].Pour is not { } pour) continue;
                if (access.RefusalToActFor(http, pour.TapId) is { } no)
                {
                    pours[i] = (null, no);
                    if (no.Status != StatusCodes.Status503ServiceUnavailable) refusedPours.Add(pour.TapId);
                    continue;
                }

                if (!taps.TryEnter(pour.TapId, out var isNew))
                {
                    pours[i] = (null, Refusals.TooManyTaps(limits.Taps));
                    continue;
                }

                if (isNew) newTaps.Add(pour.TapId);
                good.Add(pour);
            }

            outcomes = good.Count == 0 ? [] : await repository.AddAsync(good);
        }
        finally
        {
            newTaps.ForEach(taps.Leave);
        }

        for (var i = 0; i < good.Count; i++)
        {
            if (outcomes[i].Kind is OutcomeKind.Poured or OutcomeKind.Replayed) refusedPours.Remove(good[i].TapId);
        }

        var results = new List<BatchResult>(pours.Count);
        var next = 0;
        foreach (var (pour, problem) in pours) results.Add(pour is not null ? ResultOf(outcomes[next++], pour) : Refused(problem!));
        if (results.Exists(result => result.Status == StatusCodes.Status503ServiceUnavailable)) http.Response.Headers.RetryAfter = RefusalResult.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        results.ForEach(result => meter.Refused(result.Problem));
        foreach (var outcome in outcomes)
        {
            if (outcome is { Kind: OutcomeKind.Poured, Beer: { } beer }) claimed.Stored(beer);
        }

        Log.PouredMany(log, outcomes, results.Count);
        return new BatchResults(results);
    }

    private Results<ReadAnswer<BeersAnswer>, RefusalResult> List(HttpContext http)
    {
        var (query, refusal) = BeerQuery.Read(http.Request, glasses, repository.Totals);
        if (query is null) return new RefusalResult(refusal!);

        return new ReadAnswer<BeersAnswer>(reads, () => ReadPage(http, query));
    }

    private BeersAnswer ReadPage(HttpContext http, BeerQuery query)
    {
        var total = repository.Count(query.Filter);

        // A page past the end is empty at once: nothing is skipped over to find that out.
        // One more than the page holds tells whether there is another page.
        var found = query.Cut.Skip >= total ? [] : repository.List(query.Filter, query.Cut with { Size = query.PageSize + 1 });
        var beers = found.Take(query.PageSize).ToList();
        if (found.Count > beers.Count) http.Response.Headers.Link = query.NextLink(http.Request, beers[^1].Id);
        return new BeersAnswer(beers, query.Page, query.PageSize, total);
    }

    private Results<Ok<BeerAnswer>, RefusalResult> Find(string id) =>
        IdOf(id) is { } number && repository.Find(number) is { } beer
            ? TypedResults.Ok(new BeerAnswer(beer))
            : new RefusalResult(Refusals.NoSuchBeer());

    private async Task<Results<NoContent, RefusalResult>> DeleteAsync(string id)
    {
        if (IdOf(id) is not { } number) return new RefusalResult(Refusals.NoSuchBeer());
        var outcome = await repository.DeleteAsync(new DeleteBeer(number, times.Now));
        switch (outcome.Kind)
        {
            case OutcomeKind.Deleted:
                Log.Deleted(log, number, outcome.Beer!.TapId);
                return TypedResults.NoContent();
            case OutcomeKind.NotFound:
                return new RefusalResult(Refusals.NoSuchBeer());
            default:
                return new RefusalResult(Refusals.For(outcome, null));
        }
    }

    private static BatchResult ResultOf(Outcome outcome, PourBeer pour) => outcome.Kind switch
    {
        OutcomeKind.Poured => new BatchResult(StatusCodes.Status201Created, outcome.Beer),
        OutcomeKind.Replayed => new BatchResult(StatusCodes.Status200OK, outcome.Beer),
        _ => Refused(Refusals.For(outcome, pour.PourId)),
    };

    private static BatchResult Refused(Problem problem) => new(problem.Status, Problem: problem);

    /// <summary>The key of the draft "The Idempotency-Key HTTP Header Field": a quoted string there, bare in most clients; both are taken.</summary>
    private static (string? Key, Problem? Refusal) IdempotencyKey(HttpRequest request)
    {
        var sent = request.Headers["Idempotency-Key"];
        if (sent.Count == 0) return (null, null);
        if (sent.Count > 1) return (null, Refusals.InvalidField("Idempotency-Key", "is there more than once."));
        var key = sent.ToString();
        var quoted = key.Length >= 2 && key[0] == '"' && key[^1] == '"';
        if (quoted) key = key[1..^1];
        if (key.Contains('"', StringComparison.Ordinal)) return (null, Refusals.InvalidField("Idempotency-Key", "must be bare, or one quoted string."));
        return PourReader.FaultOfPourId(key) is { } fault ? (null, Refusals.InvalidField("Idempotency-Key", fault)) : (key, null);
    }

    private static long? IdOf(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
}
