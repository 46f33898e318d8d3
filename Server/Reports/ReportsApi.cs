using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Reports;

internal static class ReportsApi
{
    /// <summary>A week, whatever the time zone: totals over time are kept by hour and tap, and are added up at each call.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(8);

    public static void MapReportsApi(this IEndpointRouteBuilder routes)
    {
        // It counts from the start on.
        routes.ServiceProvider.GetRequiredService<MinuteTally>();

        var reports = routes.MapGroup("/api/reports").WithTags("Reports").Requires(Right.Read);
        reports.MapGet("share", Current).WithSummary("Gets the current share report").Refuses(401, 403, 429, 503);
        reports.MapGet("totals", Sum)
            .WithSummary("Gets the totals by glass type")
            .WithDescription("Of everything, or with `from` of what was poured then or later, such as a reader's midnight; at most 8 days back. No beer is counted: the totals are kept with each commit.")
            .Refuses(400, 401, 403, 429, 503);
        reports.MapGet("minutes", LastHour).WithSummary("Gets the beers per minute of the last hour").Refuses(401, 403, 429, 503);
    }

    private static Ok<ShareReportAnswer> Current(ShareReporter reporter, EventLog events)
    {
        var (report, seq) = reporter.Current();
        return TypedResults.Ok(new ShareReportAnswer(events.Frames.PositionOf(seq), report));
    }

    private static Results<ReadAnswer<TotalsAnswer>, RefusalResult> Sum(
        HttpRequest request, BeerRepository repository, GlassTypes glasses, EventLog events, TimeProvider time, ReadLimits limits)
    {
        var errors = new FieldErrors();
        var from = QueryFields.Time(request, "from", errors);
        if (from < time.GetUtcNow().UtcDateTime - Longest) errors.Add("from", "must not be more than 8 days ago.");
        return errors.Any ? new RefusalResult(errors.ToProblem()) : new ReadAnswer<TotalsAnswer>(limits, () => ReadTotals(from, repository, glasses, events));
    }

    private static TotalsAnswer ReadTotals(DateTime? from, BeerRepository repository, GlassTypes glasses, EventLog events)
    {
        var totals = from is { } begin ? repository.Since(begin) : repository.Totals.ByType();
        var known = totals.Types.ToDictionary(type => type.Type, StringComparer.Ordinal);
        var types = glasses.Names
            .Concat(known.Values.Where(type => type.Beers > 0).Select(type => type.Type).Except(glasses.Names).Order(StringComparer.Ordinal))
            .Select(name => known.GetValueOrDefault(name) ?? new TypeTotal(name, 0, 0))
            .ToList();
        return new TotalsAnswer(
            events.Frames.PositionOf(totals.Head), from, types.Sum(type => type.Beers), Units.ToMillilitres(types.Sum(type => type.Units)),
            [.. types.Select(type => new GlassTotal(type.Type, type.Beers, Units.ToMillilitres(type.Units)))]);
    }

    private static Ok<MinutesAnswer> LastHour(MinuteTally tally, EventLog events)
    {
        var (seq, from, beers) = tally.Current();
        return TypedResults.Ok(new MinutesAnswer(events.Frames.PositionOf(seq), from, beers));
    }
}
