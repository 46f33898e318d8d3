using BeerTap.Server.Live;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Answers HEAD as GET without a body, at every address that has a GET (RFC 9110, section 9.1); but never opens a stream or a socket for it.
/// </summary>
internal static class Head
{
    private static readonly Endpoint GetOnly = new(
        http =>
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            http.Response.Headers.Allow = HttpMethods.Get;
            return Task.CompletedTask;
        },
        null,
        "HEAD of a stream");

    /// <summary>Routes a HEAD to the address's GET. Kestrel goes by the method on the wire and sends no body.</summary>
    public static void UseHead(this WebApplication app)
    {
        app.Use(AsGet);
        app.UseRouting();
        app.Use((http, next) =>
        {
            if (http.Features.Get<Asked>() is not null && http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is not null) http.SetEndpoint(GetOnly);
            return next(http);
        });
    }

    private static Task AsGet(HttpContext http, RequestDelegate next) => HttpMethods.IsHead(http.Request.Method) ? RouteAsGet(http, next) : next(http);

    private static async Task RouteAsGet(HttpContext http, RequestDelegate next)
    {
        var method = http.Request.Method;
        http.Features.Set(Asked.Instance);
        http.Request.Method = HttpMethods.Get;
        try
        {
            await next(http);
        }
        finally
        {
            // The log tells what was asked.
            http.Request.Method = method;
        }
    }

    private sealed class Asked
    {
        public static readonly Asked Instance = new();
    }
}
