using System.Globalization;
using System.Text.Json;
using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Security;

/// <summary>Keys made and taken back by an operator over REST: <c>/api/keys</c>.</summary>
internal static class KeysApi
{
    private const string Path = "/api/keys";

    /// <summary>How many keys a page holds at most, and when the caller does not say.</summary>
    private const int MostPageSize = 500;

    public static void MapKeysApi(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup(Path).WithTags("Keys").Requires(Right.ManageKeys);
        keys.MapPost("", Make)
            .WithSummary("Makes a key")
            .WithDescription("`role` is `tap` (with the `tapId` it pours for), `viewer` or `operator`. The `text` of the answer is the key itself; it is shown this once.")
            .Accepts<NewKey>("application/json")
            .Refuses(400, 401, 403, 413, 415, 429, 503);
        keys.MapGet("", List)
            .WithSummary("Lists the keys, the revoked among them")
            .WithDescription("In the order in which they were made. `page` counts from 1, `page_size` 1 to 500. The header `Link` with `rel=\"next\"` leads to the next page.")
            .Refuses(400, 401, 403, 429, 503);
        keys.MapDelete("{id}", Revoke)
            .WithSummary("Revokes a key")
            .WithDescription("It opens nothing from now on, and its open connections are closed with the reason `notAllowed`. 409 for a key that comes from a configured file.")
            .Refuses(401, 403, 404, 409, 429, 503);
    }

    private static async Task<Results<Created<NewKeyAnswer>, RefusalResult>> Make(
        HttpContext http, ApiKeys keys, IntakeOptions options, ILogger<ApiKeys> log, CancellationToken cancel)
    {
        var (wish, refusal) = await BodyReader.ReadAsync(http, options.MaxBodyBytes, 0, static (json, _) => KeyReader.Read(json));
        if (wish is null) return new RefusalResult(refusal!);
        try
        {
            var (key, text) = await keys.AddAsync(wish, log, cancel);
            Log.KeyMade(log, key.Id, key.Role.Name(), CallerId(http));
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Created((string?)null, new NewKeyAnswer(text, Describe(key, keys)));
        }
        catch (KeyFileException fault)
        {
            Log.KeysNotChanged(log, fault);
            return new RefusalResult(Refusals.KeysUnavailable());
        }
    }

    private static Results<Ok<KeysAnswer>, RefusalResult> List(HttpContext http, ApiKeys keys)
    {
        var errors = new FieldErrors();
        var page = QueryFields.Whole(http.Request, "page", 1, int.MaxValue, errors) ?? 1;
        var pageSize = (int)(QueryFields.Whole(http.Request, "page_size", 1, MostPageSize, errors) ?? MostPageSize);
        if (errors.Any)
        {
            return new RefusalResult(errors.ToProblem());
        }

        var all = keys.All;
        var begin = (int)Math.Min(all.Count, (page - 1) * pageSize);
        var end = Math.Min(all.Count, begin + pageSize);
        if (end < all.Count)
        {
            http.Response.Headers.Link = string.Create(CultureInfo.InvariantCulture, $"<{Path}?page={page + 1}&page_size={pageSize}>; rel=\"next\"");
        }

        return TypedResults.Ok(new KeysAnswer([.. Enumerable.Range(begin, end - begin).Select(i => Describe(all[i], keys))], page, pageSize, all.Count));
    }

    private static async Task<Results<NoContent, RefusalResult>> Revoke(
        string id, HttpContext http, ApiKeys keys, ILogger<ApiKeys> log, CancellationToken cancel)
    {
        if (id.StartsWith(ConfiguredKeys.IdPrefix, StringComparison.Ordinal) && keys.IsGood(id)) return new RefusalResult(Refusals.ConfiguredKey());
        if (!keys.IsGood(id)) return new RefusalResult(Refusals.NoSuchKey());
        try
        {
            if (await keys.RevokeAsync(id, log, cancel) is null) return new RefusalResult(Refusals.NoSuchKey());
            Log.KeyRevoked(log, id, CallerId(http));
            return TypedResults.NoContent();
        }
        catch (KeyFileException fault)
        {
            Log.KeysNotChanged(log, fault);
            return new RefusalResult(Refusals.KeysUnavailable());
        }
    }

    private static Key Describe(ApiKey key, ApiKeys keys) =>
        new(key.Id, key.Role.Name(), key.TapId, key.Name, key.Created, key.Revoked, keys.Uses.At(key.Id));

    private static string CallerId(HttpContext http) => KeyIdentity.Of(http)!.Key.Id;
}

/// <summary>A key that is asked for.</summary>
/// <param name="Role"><c>tap</c>, <c>viewer</c> or <c>operator</c>.</param>
/// <param name="TapId">For the role tap: the only tap the key may pour for.</param>
/// <param name="Name">What a person calls it, 1 to 64 characters.</param>
public sealed record NewKey(string Role, int? TapId = null, string? Name = null);

/// <summary>A key, without its text.</summary>
/// <param name="Id">Names the key; no secret.</param>
/// <param name="Role"><c>tap</c>, <c>viewer</c> or <c>operator</c>.</param>
/// <param name="TapId">The tap it belongs to; none for another role, and for a tap key from a configured file, which may pour for any.</param>
/// <param name="Name">What a person calls it.</param>
/// <param name="Created">When it was made; none for a key from a configured file.</param>
/// <param name="Revoked">When it was revoked; none while it is good.</param>
/// <param name="LastUsed">When it was last used, to the second; kept on the disk at most a minute later.</param>
public sealed record Key(string Id, string Role, int? TapId, string? Name, DateTime? Created, DateTime? Revoked, DateTime? LastUsed);

/// <summary>A key that was made.</summary>
/// <param name="Text">The key itself: the hub does not have it any more after this answer.</param>
public sealed record NewKeyAnswer(string Text, Key Key);

/// <summary>A page of the keys, the revoked among them.</summary>
/// <param name="Keys">In the order in which they were made.</param>
/// <param name="Page">The number of this page, from 1.</param>
/// <param name="PageSize">How many keys a page holds.</param>
/// <param name="Total">How many keys there are in all.</param>
public sealed record KeysAnswer(IReadOnlyList<Key> Keys, long Page, int PageSize, int Total);
