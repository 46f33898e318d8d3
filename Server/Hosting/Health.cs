using BeerTap.Server.Live;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Hosting;

/// <summary>How the hub is.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>draining</c>.</param>
/// <param name="Connections">How many listeners are connected.</param>
public sealed record HealthAnswer(string Status, int? Connections = null);

internal static class Health
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("/health").WithTags("Health");
        health.MapGet("live", () => TypedResults.Ok(new HealthAnswer("live"))).WithSummary("Tells that the process runs");
        health.MapGet("ready", Ready)
            .WithSummary("Tells whether the hub takes pours and listeners")
            .WithDescription("200 `ready`, or 503 `draining` while it stops.")
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);
    }

    private static Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>> Ready(Feed feed) => feed.Draining
        ? TypedResults.Json(new HealthAnswer("draining", feed.Subscribers), BeerTapJson.Default.HealthAnswer, statusCode: StatusCodes.Status503ServiceUnavailable)
        : TypedResults.Ok(new HealthAnswer("ready", feed.Subscribers));
}
