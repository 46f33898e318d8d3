using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>What no endpoint answered itself: broken requests, unknown addresses, and faults of the hub. All become problem details.</summary>
internal static class Faults
{
    /// <summary>Whether a request ended with a status of refusal and nothing else, as the server's own refusals do.</summary>
    public static bool IsUnanswered(HttpContext http) =>
        http.Response is { StatusCode: >= 400 and < 600, HasStarted: false, ContentLength: null } && string.IsNullOrEmpty(http.Response.ContentType);

    public static Task AnswerStatusAsync(HttpContext http) => new RefusalResult(Refusals.ForStatus(http.Response.StatusCode)).ExecuteAsync(http);

    public static Task AnswerAsync(HttpContext http, Exception fault, ILogger log)
    {
        if (fault is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to hear an answer; the status is for the log.
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return Task.CompletedTask;
        }

        var problem = fault switch
        {
            BadHttpRequestException bad => Refusals.ForStatus(bad.StatusCode),
            StoreException store => Refusals.StoreUnavailable(store.Fault),
            _ => Refusals.HubFault(),
        };
        if (fault is not BadHttpRequestException) Log.Unhandled(log, fault);
        return new RefusalResult(problem).ExecuteAsync(http);
    }
}
