using BeerTap.Server.Beers;
using BeerTap.Server.Security;
using BeerTap.Server.Taps;

namespace BeerTap.Server.Live;

/// <summary>What a listener asks for in its address: <c>tapId</c>, when it is a tap, and <c>after</c>, where it stopped.</summary>
/// <param name="Key">The key it came with, if it came with one.</param>
internal readonly record struct FeedRequest(int? TapId, After After, ApiKey? Key)
{
    /// <summary>Reads the query.</summary>
    public static (FeedRequest Request, Problem? Refusal) Read(HttpRequest http)
    {
        var errors = new FieldErrors();
        var tapId = QueryFields.TapId(http, errors);
        if (!TryReadAfter(http, out var field, out var after)) errors.Add(field, "must be a position as an event gave it, such as k3x9q2ab-42, or earliest.");

        if (errors.Any) return (default, errors.ToProblem());
        if (tapId is { } id)
        {
            var services = http.HttpContext.RequestServices;
            var refusal = services.GetRequiredService<Access>().RefusalToActFor(http.HttpContext, id) ?? services.GetRequiredService<TapLimit>().RefusalToConnect(id);
            if (refusal is not null)
            {
                return (default, refusal);
            }
        }

        return (new FeedRequest(tapId, after, KeyIdentity.Of(http.HttpContext)?.Key), null);
    }

    /// <summary>Where the listener stopped. An EventSource that reconnects sends <c>Last-Event-ID</c>, which is newer than the <c>after</c> in its address.</summary>
    /// <param name="field">Which of them said so.</param>
    public static bool TryReadAfter(HttpRequest http, out string field, out After after)
    {
        var lastEventId = http.Headers["Last-Event-ID"].ToString();
        field = lastEventId.Length > 0 ? "Last-Event-ID" : "after";
        return After.TryParse(lastEventId.Length > 0 ? lastEventId : http.Query["after"].ToString(), out after);
    }

    public override string ToString() => TapId is { } id ? $"Tap {id}" : "A screen";
}
