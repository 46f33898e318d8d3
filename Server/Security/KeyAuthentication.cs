using System.Text.Encodings.Web;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace BeerTap.Server.Security;

/// <summary>A request that brought a key that is no good: the framework itself takes it for one that brought none.</summary>
internal sealed class RefusedKey
{
    public static readonly RefusedKey Instance = new();
}

/// <summary>A hub that never had a key cannot tell a good one from a bad one: it takes no notice, and spends nothing on making a handler that would.</summary>
internal sealed class AuthenticationOnceThereAreKeys(
    ApiKeys keys, IAuthenticationSchemeProvider schemes, IAuthenticationHandlerProvider handlers, IClaimsTransformation transform, IOptions<AuthenticationOptions> options)
    : AuthenticationService(schemes, handlers, transform, options)
{
    private static readonly Task<AuthenticateResult> Nobody = Task.FromResult(AuthenticateResult.NoResult());

    public override Task<AuthenticateResult> AuthenticateAsync(HttpContext context, string? scheme) =>
        keys.Any ? base.AuthenticateAsync(context, scheme) : Nobody;
}

/// <summary>
/// Finds out who calls from the key it brings: <c>Authorization: Bearer</c>, <c>X-Api-Key</c>, or <c>access_token</c> in the query. The last only
/// where a browser has no other way, on sockets and streams: addresses end up in logs and histories, headers do not.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeys keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "key";
    public const string Header = "X-Api-Key";
    public const string QueryField = "access_token";

    private const string Bearer = "Bearer ";

    private static readonly Task<AuthenticateResult> Nobody = Task.FromResult(AuthenticateResult.NoResult());
    private static readonly Task<AuthenticateResult> Unknown = Failure("The hub does not know this key, or it was revoked.");
    private static readonly Task<AuthenticateResult> Several = Failure("Different keys were sent at once.");
    private static readonly Task<AuthenticateResult> Misplaced =
        Failure($"{QueryField} is taken on sockets and streams only. Send the key in the header 'Authorization: Bearer' or '{Header}'.");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var result = await Look();
        if (result.Failure is not null) Context.Features.Set(RefusedKey.Instance);
        return result;
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var failure = keys.Any ? (await HandleAuthenticateOnceSafeAsync()).Failure : null;
        await new RefusalResult(failure is null ? Refusals.NoKey() : Refusals.BadKey(failure.Message)).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        new RefusalResult(Refusals.NotAllowed("The role of the key does not go so far.")).ExecuteAsync(Context);

    private Task<AuthenticateResult> Look()
    {
        var text = Request.Headers[Header].ToString();
        var authorization = Request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            var bearer = authorization[Bearer.Length..].Trim();
            if (text.Length > 0 && text != bearer) return Several;
            text = bearer;
        }

        if (Request.QueryString.HasValue && Request.Query.TryGetValue(QueryField, out var values))
        {
            if (!TakesQueryField(Request.Path)) return Misplaced;
            var query = values.ToString();
            if (text.Length > 0 && text != query) return Several;
            text = query;
        }

        if (text.Length == 0) return Nobody;
        return keys.Find(text) is { } principal
            ? Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(principal, Scheme)))
            : Unknown;
    }

    private static bool TakesQueryField(PathString path) =>
        path.StartsWithSegments(TapHub.Path, StringComparison.OrdinalIgnoreCase)
        || path.Equals(WebSocketFeed.Path, StringComparison.OrdinalIgnoreCase)
        || path.Equals(SseFeed.Path, StringComparison.OrdinalIgnoreCase);

    private static Task<AuthenticateResult> Failure(string text) => Task.FromResult(AuthenticateResult.Fail(text));
}
