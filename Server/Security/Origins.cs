using BeerTap.Server.Beers;
using BeerTap.Server.Live;

namespace BeerTap.Server.Security;

/// <summary>
/// Which web pages may use the hub from a browser. Its own page always may; those of <c>Security:Origins</c> may as well. What is no browser sends
/// no <c>Origin</c> and is not meant.
/// </summary>
internal static class Origins
{
    private const string FetchSite = "Sec-Fetch-Site";

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

    /// <summary>Refuses to let pages of other origins listen, write or manage keys.</summary>
    public static void UseOrigins(this WebApplication app, SecurityOptions options)
    {
        // Sockets, streams and simple writes are not covered by what browsers keep apart by themselves.
        app.Use((http, next) => Matters(http) && !MayCome(http.Request, options.Origins)
            ? new RefusalResult(Refusals.OriginNotAllowed()).ExecuteAsync(http)
            : next(http));
    }

    /// <summary>Whether a request does more than read: it changes something, makes a listener, or concerns keys.</summary>
    private static bool Matters(HttpContext http)
    {
        var method = http.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method)) return true;
        var needs = http.GetEndpoint()?.Metadata;
        return needs?.GetMetadata<Listening>() is not null || needs?.GetMetadata<Needs>() is { Right: Right.ManageKeys or Right.Drain };
    }

    /// <summary>
    /// An image, a link or a form of a foreign page sends no <c>Origin</c> where it only gets; the browser then says in <c>Sec-Fetch-Site</c> where
    /// the page is from. What sends neither is no browser of today.
    /// </summary>
    private static bool MayCome(HttpRequest request, string[] allowed)
    {
        var isForeign = false;
        foreach (var site in request.Headers[FetchSite]) isForeign |= site is { Length: > 0 } and not ("same-origin" or "none");
        return request.Headers.Origin switch
        {
            [] or [null or ""] => !isForeign,
            [{ } origin] => allowed.Contains(origin, StringComparer.Ordinal) || (!isForeign && IsOwn(origin, request.Headers.Host)),
            _ => false,
        };
    }

    /// <summary>
    /// A browser leaves the same default port out of both. The scheme is not compared: behind a proxy that ends TLS the hub sees another than the
    /// browser.
    /// </summary>
    /// <param name="host">As it stands in the header: the framework would decode <c>xn--</c>.</param>
    private static bool IsOwn(string origin, string? host)
    {
        var scheme = origin.IndexOf("://", StringComparison.Ordinal);
        return scheme > 0 && !string.IsNullOrEmpty(host) && origin.AsSpan(scheme + 3).Equals(host, StringComparison.OrdinalIgnoreCase);
    }
}
