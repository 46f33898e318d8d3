using BeerTap.Server.Live;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Hosting;

/// <summary>How the hub is.</summary>
/// <param name="Status"><c>live</c> or <c>stuck</c>; <c>ready</c>, <c>unready</c> or <c>draining</c>.</param>
/// <param name="Connections">How many listeners are connected.</param>
/// <param name="Checks">What was looked at, by name: <c>store</c>, <c>feed</c>, <c>disk</c>, <c>connections</c>, <c>clock</c>, <c>log</c> where several hubs share
/// one, and <c>keys</c> while a file of keys cannot be read.</param>
public sealed record HealthAnswer(string Status, int? Connections = null, IReadOnlyDictionary<string, HealthCheck>? Checks = null);

/// <summary>One thing that was looked at.</summary>
/// <param name="Status"><c>ok</c>, <c>degraded</c> (a part does not work; the hub is of use all the same) or <c>failed</c>.</param>
/// <param name="Reason">Why, in words for whoever looks after the hub.</param>
public sealed record HealthCheck(string Status, string Reason)
{
    internal bool IsOk => Status != "failed";

    internal static HealthCheck Ok(string reason) => new("ok", reason);

    internal static HealthCheck Degraded(string reason) => new("degraded", reason);

    internal static HealthCheck Failed(string reason) => new("failed", reason);
}

internal static class Health
{
    public static void AddHealth(this WebApplicationBuilder builder, HealthOptions options)
    {
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<StoreProbe>();
        builder.Services.AddSingleton<HubClock>();
        builder.Services.AddHostedService(hub => hub.GetRequiredService<HubClock>());
        builder.Services.AddSingleton<HealthChecks>();
        builder.Services.AddSingleton<HealthMeter>();
    }

    public static void MapHealth(this WebApplication app)
    {
        app.Services.GetRequiredService<HealthMeter>();
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("live", Live)
            .WithSummary("Tells whether the process works, or should be started again")
            .WithDescription("200 `live`, or 503 `stuck` when the feed has stood still for so long that only a restart helps.")
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);
        health.MapGet("ready", Ready)
            .WithSummary("Tells whether the hub takes pours and listeners")
            .WithDescription("200 `ready`; 503 `unready` when the store takes no writes, the feed stands still, the disk is nearly full, or the hub has not caught up yet with the log that it shares; each check with its reason. A hub whose clock is evidently wrong is `ready`, and its check `clock` is `degraded`; 503 `draining` while it stops.")
            .Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable);
    }

    private static Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>> Live(HealthChecks checks)
    {
        var report = checks.Look();
        return Answer(report.IsLive, new HealthAnswer(report.IsLive ? "live" : "stuck", Checks: report.Live));
    }

    private static Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>> Ready(HealthChecks checks, Feed feed)
    {
        var report = checks.Look();
        var status = feed.Draining ? "draining" : report.IsReady ? "ready" : "unready";
        return Answer(status == "ready", new HealthAnswer(status, feed.Subscribers, report.Ready));
    }

    private static Results<Ok<HealthAnswer>, JsonHttpResult<HealthAnswer>> Answer(bool well, HealthAnswer answer) => well
        ? TypedResults.Ok(answer)
        : TypedResults.Json(answer, BeerTapJson.Default.HealthAnswer, statusCode: StatusCodes.Status503ServiceUnavailable);
}
