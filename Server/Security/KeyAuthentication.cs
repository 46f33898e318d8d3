using System.Security.Claims;
using BeerTap.Server.Live;

namespace BeerTap.Server.Security;

/// <summary>A request that brought a key that is no good, and why it is none.</summary>
internal sealed record RefusedKey(string Reason);

/// <summary>
/// Finds out who calls from the key it brings: <c>Authorization: Bearer</c>, <c>X-Api-Key</c>, or <c>access_token</c> in the query. The last only
/// where a browser has no other way, on sockets and streams: addresses end up in logs and histories, headers do not.
/// </summary>
/// <remarks>
/// A plain middleware, not a handler of the framework's: that one makes a scope, a handler, a ticket and two tasks for each request, which cost
/// more than taking the pour in. The caller stands in <see cref="HttpContext.User"/> as ever, so SignalR knows it too.
/// </remarks>
internal sealed class KeyAuthentication(ApiKeys keys, ILogger<KeyAuthentication> log)
{
    /// <summary>The type of the identity that a key gives.</summary>
    public const string Scheme = "key";

    public const string Header = "X-Api-Key";
    public const string QueryField = "access_token";

    private const string Bearer = "Bearer ";

    private static readonly RefusedKey Unknown = new("The hub does not know this key, or it was revoked.");
    private static readonly RefusedKey Several = new("Different keys were sent at once.");
    private static readonly RefusedKey Misplaced =
        new($"{QueryField} is taken on sockets and streams only. Send the key in the header 'Authorization: Bearer' or '{Header}'.");

    public void Use(IApplicationBuilder app) => app.Use((http, next) =>
    {
        Look(http);
        return next(http);
    });

    private void Look(HttpContext http)
    {
        var (caller, refused) = CallerOf(http.Request);
        if (caller is not null) http.User = caller;

        // A hub that never had a key cannot tell a good one from a bad one: it takes no notice.
        else if (refused is not null && keys.Any) http.Features.Set(refused);
    }

    private (ClaimsPrincipal? Caller, RefusedKey? Refused) CallerOf(HttpRequest request)
    {
        var text = request.Headers[Header].ToString();
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            var bearer = authorization[Bearer.Length..].Trim();
            if (text.Length > 0 && text != bearer) return (null, Several);
            text = bearer;
        }

        if (request.QueryString.HasValue && request.Query.TryGetValue(QueryField, out var values))
        {
            if (!TakesQueryField(request.Path)) return (null, Misplaced);
            var query = values.ToString();
            if (text.Length > 0 && text != query) return (null, Several);
            text = query;
        }

        if (text.Length == 0) return default;
        return (keys.Find(text) ?? keys.FindInChanged(text, log)) is { } caller ? (caller, null) : (null, Unknown);
    }

    private static bool TakesQueryField(PathString path) =>
        path.StartsWithSegments(TapHub.Path, StringComparison.OrdinalIgnoreCase)
        || path.Equals(WebSocketFeed.Path, StringComparison.OrdinalIgnoreCase)
        || path.Equals(SseFeed.Path, StringComparison.OrdinalIgnoreCase);
}
