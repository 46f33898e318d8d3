using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Before a new hub of many can make its store it must know the log's epoch. While the log does not answer, a small server at the hub's address says
/// so: the process lives, it is not ready, and why.
/// </summary>
internal static class WaitingRoom
{
    private const int RetryAfterSeconds = 2;

    /// <summary>An answer that comes at once needs no server that says that one waits.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    /// <summary>The epoch of the log for a store that is to be made; null where a store is there, or none is shared.</summary>
    /// <exception cref="LogException">This hub cannot join the log as it is.</exception>
    public static async Task<string?> EpochAsync(string[] args, Settings settings)
    {
        if (!settings.Replication.IsShared || StoreFolder.HasStore(Path.GetFullPath(settings.Storage.Path))) return null;
        var builder = ConfigurationFile.BuilderOf(args);
        Settings.Load(builder, args);
        builder.AddLog(settings.Log);
        builder.AddSignals();
        builder.Services.AddOrigins(settings.Security);
        builder.AddConnectionGate(settings.Limits);
        await using var room = builder.Build();
        var status = new LogStatus(TimeProvider.System);
        room.UsePermittedOrigins(settings.Security);
        room.Run(http => AnswerAsync(http, status));

        var finding = new LogEpoch(new RabbitStream(settings.Replication), status, TimeProvider.System, room.Logger).FindAsync(room.Lifetime.ApplicationStopping);
        await Task.WhenAny(finding, Task.Delay(AtOnce, TimeProvider.System, CancellationToken.None));
        if (finding.IsCompleted) return await finding;
        await room.StartAsync();
        try
        {
            return await finding;
        }
        finally
        {
            await room.StopAsync();
        }
    }

    private static Task AnswerAsync(HttpContext http, LogStatus status)
    {
        if (http.Request.Path == "/health/live") return http.Response.WriteAsJsonAsync(new HealthAnswer("live"), BeerTapJson.Default.HealthAnswer);
        if (PutOff.Fits(http.Request, Refusals.NotCaughtUp())) return PutOff.AnswerAsync(http, Refusals.NotCaughtUp(), RetryAfterSeconds);
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        var check = status.Look(TimeSpan.Zero);
        return http.Response.WriteAsJsonAsync(new HealthAnswer("unready", Checks: new Dictionary<string, HealthCheck> { ["log"] = check }), BeerTapJson.Default.HealthAnswer);
    }
}
