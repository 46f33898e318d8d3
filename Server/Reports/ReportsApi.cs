using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Reports;

internal static class ReportsApi
{
    public static void MapReportsApi(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/reports/share", Current)
        .WithTags("Reports")
        .WithSummary("Gets the current share report")
        .Requires(Right.Read)
        .Refuses(401, 403, 429);

    private static Ok<ShareReportAnswer> Current(ShareReporter reporter, EventLog events)
    {
        var (report, seq) = reporter.Current();
        return TypedResults.Ok(new ShareReportAnswer(events.Frames.PositionOf(seq), report));
    }
}
