using System.Globalization;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

/// <summary>Everything the API refuses, by name. A refusal is made at the door and turned into HTTP by <see cref="RefusalResult"/>.</summary>
internal static class Refusals
{
    public const string TypePrefix = "urn:beertap:problem:";

    public static Problem MalformedJson(string detail) => Make("malformed-json", "The body is not valid JSON.", 400, detail);

    public static Problem InvalidFields(IReadOnlyDictionary<string, string[]> errors) =>
        Make("invalid-fields", "Some fields are not valid.", 400, "Mend the fields listed in errors and send again.", errors);

    public static Problem InvalidField(string field, string fault) => InvalidFields(new Dictionary<string, string[]> { [field] = [fault] });

    public static Problem NoSuchBeer() => Make("no-such-beer", "There is no such beer.", 404, "No beer has this id, or it was deleted.");

    public static Problem NoSuchTap() => Make("no-such-tap", "There is no such tap.", 404, "No tap with this id has poured or connected.");

    public static Problem PourIdReused(Beer beer, string pourId) => Make(
        "pour-id-reused",
        "This pour id belongs to another pour.",
        409,
        string.Create(CultureInfo.InvariantCulture, $"Tap {beer.TapId} used the pour id {pourId} for beer {beer.Id} with {beer.Volume} ml. A new pour needs a new id."));

    public static Problem BodyTooLarge(long limit) => Make(
        "body-too-large", "The body is too large.", 413, $"The limit is {limit} bytes. Send smaller batches.");

    public static Problem WrongMediaType(string? sent) => Make(
        "wrong-media-type",
        "The body must be JSON.",
        415,
        string.IsNullOrEmpty(sent) ? "Send the header Content-Type: application/json." : "The Content-Type that was sent is not application/json.");

    public static Problem WrongCharset() => Make(
        "wrong-media-type", "The body must be JSON.", 415, "The charset that was sent is not UTF-8, which JSON is sent in.");

    public static Problem EncodedBody() => Make(
        "encoded-body", "The body must not be encoded.", 415, "Send it as it is, without Content-Encoding; the header Accept-Encoding lists what is accepted.");

    public static Problem IntakeFull() => Make(
        "intake-full", "The hub has too many pours waiting.", 503, "Nothing was stored. Send again after the time in Retry-After, with the same pourId.");

    public static Problem StoreUnavailable(StoreFault fault) => Make("store-unavailable", "The store is not available now.", 503, fault switch
    {
        StoreFault.DiskFull => "Disk full: no pour can be stored until there is room; reading goes on. Send again after the time in Retry-After, with the same pourId.",
        StoreFault.Damaged => "What this needs lies in a damaged part of the store's files; nothing wrong is answered in its place. The hub's log says what to do.",
        StoreFault.Moved => "The store's files were deleted, moved or replaced while the hub has them open. No pour is stored until they are back in their "
            + "place; reading goes on. Send again after the time in Retry-After, with the same pourId.",
        StoreFault.LogUnavailable => "The log that the hubs share did not take it in time: most of its brokers are away, or this hub is cut off from them. Reading and listening go on. It may still come through; send again after the time in Retry-After, with the same pourId, and it is stored once.",
        _ => "It is not known to be stored. Send again after the time in Retry-After, with the same pourId.",
    });

    public static Problem Unsupported(string detail) => Make("unsupported-sub-protocol", "The hub does not speak this sub-protocol.", 400, detail);

    public static Problem NotASocket() => Make(
        "not-a-websocket", "This address speaks WebSocket.", 426, "Connect with a WebSocket client, with or without the sub-protocol beertap.v1.");

    public static Problem NoKey(string? detail = null) => Make(
        "no-key", "This needs a key.", 401, detail ?? "Send one in the header 'Authorization: Bearer' or 'X-Api-Key'; whoever runs the hub makes them.");

    public static Problem BadKey(string detail) => Make("bad-key", "The key is no good.", 401, detail);

    public static Problem NotAllowed(string detail) => Make("not-allowed", "The key does not allow this.", 403, detail);

    public static Problem OriginNotAllowed() => Make(
        "origin-not-allowed", "Web pages of this origin may not do this.", 403, "The operator of the hub can add the origin to Security:Origins.");

    public static Problem HostNotAllowed() => Make(
        "host-not-allowed", "The hub is not called by this host name.", 421, "Call it by a name of its machine, or add the name to Security:Hosts.");

    public static Problem AmbiguousLength() => Make(
        "ambiguous-length", "The length of the body is ambiguous.", 400, "HTTP/1.0 has no Transfer-Encoding. Send Content-Length, or HTTP/1.1.");

    public static Problem TooManyRequests(int perSecond) => Make(
        "too-many-requests",
        "There were too many requests.",
        429,
        string.Create(CultureInfo.InvariantCulture, $"The limit is {perSecond} a second. Nothing was done; send again after the time in Retry-After."));

    public static Problem TooManyConnections() => Make(
        "too-many-connections", "The hub has too many listeners.", 503, "Come back after the time in Retry-After, with the last position you heard.");

    public static Problem TooManyReads() => Make(
        "too-many-reads", "The hub has too many lists to read.", 503, "Nothing is wrong with the request. Send it again after the time in Retry-After.");

    public static Problem TooManyTaps(int limit) => Make(
        "too-many-taps",
        "The hub takes no more taps.",
        507,
        string.Create(
            CultureInfo.InvariantCulture,
            $"Limits:Taps allows {limit} taps, and this one is new. Nothing was stored. Send it again later, with the same pourId; the operator can raise the limit."));

    public static Problem Draining() => Make(
        "draining", "The hub is stopping and takes no new listeners.", 503, "Come back after the time in Retry-After, with the last position you heard.");

    public static Problem NotThereYet() => Make(
        "not-there-yet", "This hub has not come to that position.", 503,
        "It shares a log with others and is behind, or cut off from the log. Come back after the time in Retry-After, or go to another hub.");

    public static Problem NotCaughtUp() => Make(
        "not-caught-up", "This hub does not know all keys yet.", 503,
        "It shares a log with others, and has not read it to its end since it started, or asks the others for their keys. Come back after the time in Retry-After, or go to another hub.");

    public static Problem NoSuchKey() => Make("no-such-key", "There is no such key.", 404, "No key has this id, or it was revoked.");

    public static Problem ConfiguredKey() => Make(
        "configured-key", "This key comes from a configured file.", 409, "Change the file, or take it out of the configuration.");

    public static Problem KeysUnavailable() => Make("keys-unavailable", "The keys cannot be changed now.", 503, "Nothing was changed; the hub's log says why.");

    public static Problem HubFault() => Make("hub-fault", "The hub failed.", 500, "This is a fault of the hub; its log has more under the X-Request-ID of this answer.");

    /// <summary>A problem for a bare status code that a part of the framework answered.</summary>
    public static Problem ForStatus(int status) => status switch
    {
        400 => Make("bad-request", "The request is not valid.", 400, null),
        404 => Make("not-found", "There is nothing at this address.", 404, "The API is described at /docs."),
        405 => Make("method-not-allowed", "This address does not take this method.", 405, "The header Allow lists those it takes."),
        413 => Make("body-too-large", "The body is too large.", 413, "Send less at once."),
        415 => WrongMediaType("other"),
        _ => Make(string.Create(CultureInfo.InvariantCulture, $"status-{status}"), "The request was not served.", status, null),
    };

    /// <summary>What an intake outcome that is not a beer is answered with.</summary>
    public static Problem For(Outcome outcome, string? pourId) => outcome.Kind switch
    {
        OutcomeKind.PourIdReused => PourIdReused(outcome.Beer!, pourId!),
        OutcomeKind.IntakeFull => IntakeFull(),
        OutcomeKind.StoreUnavailable => StoreUnavailable(outcome.Fault),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.Kind, "This outcome is not a refusal."),
    };

    private static Problem Make(string type, string title, int status, string? detail, IReadOnlyDictionary<string, string[]>? errors = null) =>
        new(TypePrefix + type, title, status, detail, errors);
}
