using BeerTap.Server.Beers;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Diagnostics;

namespace BeerTap.Server.Hosting;

/// <summary>What no endpoint answered itself: broken requests, unknown addresses, and faults of the hub. All become problem details.</summary>
internal static class Faults
{
    public static void UseFaults(this WebApplication app)
    {
        app.UseExceptionHandler(handler => handler.Run(Answer));
        app.UseStatusCodePages(status => new RefusalResult(Refusals.ForStatus(status.HttpContext.Response.StatusCode)).ExecuteAsync(status.HttpContext));
    }

    private static Task Answer(HttpContext http)
    {
        var fault = http.Features.Get<IExceptionHandlerFeature>()!.Error;
        if (fault is OperationCanceledException && http.RequestAborted.IsCancellationRequested)
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
        if (fault is not BadHttpRequestException)
            Log.Unhandled(http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Faults)), fault);
        SafeHeaders.Set(http);
        return new RefusalResult(problem).ExecuteAsync(http);
    }
}
