using BeerTap.Server.Beers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Security;

/// <summary>What the caller may do, so that a page shows nothing that would be refused: <c>GET /api/me</c>.</summary>
internal static class MeApi
{
    private static readonly (Right Right, string Name)[] Told =
        [(Right.Read, "read"), (Right.Listen, "listen"), (Right.Pour, "pour"), (Right.Delete, "delete"), (Right.ManageKeys, "manageKeys")];

    public static void MapMeApi(this IEndpointRouteBuilder routes) => routes.MapGet("/api/me", Describe)
        .WithTags("Keys")
        .Requires(Right.Ask)
        .WithSummary("Tells what the caller may do")
        .WithDescription("With a key or without. `may` has what would be let in now; a key of the role `tap` pours for its `tapId` only. 401 for a key that is no good.")
        .Refuses(401, 429, 503);

    private static Ok<Caller> Describe(HttpContext http, Access access)
    {
        http.Response.Headers.CacheControl = "no-store";
        var key = KeyIdentity.Of(http)?.Key;
        return TypedResults.Ok(new Caller(key?.Id, key?.Role.Name(), key?.TapId, [.. Told.Where(told => access.Allows(http, told.Right)).Select(told => told.Name)]));
    }
}

/// <summary>Who calls.</summary>
/// <param name="KeyId">The id of the key that was brought; not there without one, and on a hub that never had one.</param>
/// <param name="Role">The key's role: <c>tap</c>, <c>viewer</c> or <c>operator</c>.</param>
/// <param name="TapId">For the role tap: the only tap the key may pour for; not there when it may for any.</param>
/// <param name="May">Of <c>read</c>, <c>listen</c>, <c>pour</c>, <c>delete</c> and <c>manageKeys</c> those that are let in.</param>
public sealed record Caller(string? KeyId, string? Role, int? TapId, IReadOnlyList<string> May);
