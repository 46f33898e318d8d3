using System.Text.Json;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace BeerTap.Server.Hosting;

/// <summary>Sends a hub away in order, over REST: <c>POST /api/drain</c>.</summary>
internal static class DrainApi
{
    private const int LongestAddress = 500;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    public static void MapDrainApi(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/drain", Begin)
        .WithTags("Health")
        .WithSummary("Lets the hub drain and end")
        .WithDescription(
            "As at SIGTERM: not ready from now on; each listener hears `closing` with its own `retryAfterMs`; posts under way are answered; the process ends with exit code 0. " +
            "`to`, an absolute http or https URL, is told to the listeners as the place to go to; the hub then stays for `Live:DrainSpread`, for those who are away just now. An operator's key is needed, also on a hub that is open.")
        .Accepts<NewDrain>("application/json")
        .Requires(Right.Drain)
        .Refuses(400, 401, 403, 413, 415, 429, 503);

    private static async Task<Results<Accepted<DrainAnswer>, RefusalResult>> Begin(HttpContext http, Feed feed, IHostApplicationLifetime life, IntakeOptions options, ILogger<Feed> log)
    {
        var (wish, refusal) = await BodyReader.ReadAsync(http, options.MaxBodyBytes, 0, static (json, _) => Read(json));
        if (wish is null) return new RefusalResult(refusal!);
        feed.Leave(wish.To);
        Log.DrainAsked(log, KeyIdentity.Of(http)!.Key.Id, feed.To ?? "their old address");

        // Not before this is answered, and not on this request's back: stopping waits for all requests.
        http.Response.OnCompleted(() =>
        {
            _ = Task.Run(life.StopApplication);
            return Task.CompletedTask;
        });
        return TypedResults.Accepted((string?)null, new DrainAnswer("draining", feed.To, feed.Subscribers));
    }

    private static (NewDrain? Wish, Problem? Refusal) Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var body = JsonDocument.Parse(json, Options);
            if (body.RootElement.ValueKind != JsonValueKind.Object) return (null, Refusals.MalformedJson("The body must be an object such as {} or {\"to\":\"https://bar.example\"}."));
            string? to = null;
            foreach (var field in body.RootElement.EnumerateObject())
            {
                if (field.Name != "to") return (null, Refusals.MalformedJson("The only field is to."));
                if (field.Value.ValueKind == JsonValueKind.Null) continue;
                to = field.Value.ValueKind == JsonValueKind.String ? AddressOf(field.Value.GetString()!) : null;
                if (to is null) return (null, Refusals.InvalidField("to", "must be an absolute http or https URL without user, query or fragment, such as https://bar.example."));
            }

            return (new NewDrain(to), null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second is the reader's word for text that is no Unicode, such as a lone surrogate.
            return (null, Refusals.MalformedJson("The body must be one JSON object without doubled fields."));
        }
    }

    /// <summary>The URL as every listener understands it, a Unicode host in its xn-- form; null when it is none to go to.</summary>
    public static string? AddressOf(string text) =>
        text.Length <= LongestAddress && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.Host.Length > 0 && uri.UserInfo.Length == 0 && uri.Query.Length == 0 && uri.Fragment.Length == 0
            ? (System.Text.Ascii.IsValid(uri.Host) ? uri : new UriBuilder(uri) { Host = uri.IdnHost }.Uri).AbsoluteUri
            : null;
}

/// <summary>How a hub is to drain.</summary>
/// <param name="To">Where its listeners are sent, as an absolute http or https URL; none: they come back to the hub's own address.</param>
public sealed record NewDrain(string? To = null);

/// <summary>What the hub does now.</summary>
/// <param name="Status"><c>draining</c>.</param>
/// <param name="To">Where its listeners are sent; the first call decides.</param>
/// <param name="Connections">How many listeners are told.</param>
public sealed record DrainAnswer(string Status, string? To, int Connections);
