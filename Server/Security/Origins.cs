using BeerTap.Server.Beers;
using BeerTap.Server.Live;

namespace BeerTap.Server.Security;

/// <summary>
/// Which web pages may use the hub from a browser. Its own page always may; those of <c>Security:Origins</c> may as well. What is no browser sends
/// no <c>Origin</c> and is not meant.
/// </summary>
internal static class Origins
{
    /// <summary>How long a browser may remember what it was told: a day makes a preflight per page and address, not per request.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(1);

    public static void AddOrigins(this IServiceCollection services, SecurityOptions options)
    {
        if (options.Origins.Length == 0) return;

        // Credentials: SignalR's JavaScript client asks for them by default. The hub has no cookies, so there are none to misuse.
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(options.Origins)
            .AllowAnyHeader()
            .AllowCredentials()
            .WithMethods("GET", "POST", "DELETE")
            .WithExposedHeaders("Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-ID")
            .SetPreflightMaxAge(Remembered)));
    }

    /// <summary>Without configured origins a browser hears of no permission and keeps answers from pages of other origins.</summary>
    public static void UsePermittedOrigins(this WebApplication app, SecurityOptions options)
    {
        if (options.Origins.Length > 0) app.UseCors();
    }

    /// <summary>Refuses to let pages of other origins listen.</summary>
    public static void UseOrigins(this WebApplication app, SecurityOptions options)
    {
        // Sockets are not covered by what browsers keep apart by themselves.
        app.Use((http, next) =>
            http.Request.Headers.Origin is [{ Length: > 0 } origin]
            && http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is not null
            && !IsOwn(origin, http.Request.Host) && !options.Origins.Contains(origin, StringComparer.Ordinal)
                ? new RefusalResult(Refusals.OriginNotAllowed()).ExecuteAsync(http)
                : next(http));
    }

    /// <summary>
    /// A browser leaves the same default port out of both. The scheme is not compared: behind a proxy that ends TLS the hub sees another than the
    /// browser.
    /// </summary>
    private static bool IsOwn(string origin, HostString host)
    {
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        return scheme > 0 && host.HasValue && origin.AsSpan(scheme + 3).Equals(host.Value, StringComparison.OrdinalIgnoreCase);
    }
}
