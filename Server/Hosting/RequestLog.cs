using Serilog.Context;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Gives each request an id (<c>X-Request-ID</c>, taken from the caller or made), returns it, puts it into every log line of the request,
/// and writes one line per request with its status and duration.
/// </summary>
internal sealed class RequestLog(RequestDelegate next, TimeProvider time, ILogger<RequestLog> log)
{
    public const string Header = "X-Request-ID";

    /// <summary>A longer id, or one with characters that could forge a log line, is replaced.</summary>
    private const int LongestId = 64;

    public async Task InvokeAsync(HttpContext http)
    {
        var began = time.GetTimestamp();
        var sent = http.Request.Headers[Header].ToString();
        http.TraceIdentifier = IsUsable(sent) ? sent : Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

        // Set last, because the exception handler clears the headers it finds.
        http.Response.OnStarting(() =>
        {
            http.Response.Headers[Header] = http.TraceIdentifier;
            return Task.CompletedTask;
        });
        using var property = LogContext.PushProperty("RequestId", http.TraceIdentifier);
        try
        {
            await next(http);
        }
        finally
        {
            var status = http.Response.StatusCode;
            var milliseconds = time.GetElapsedTime(began).TotalMilliseconds;
            if (http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)) Log.HealthAsked(log, http.Request.Path, status);
            else if (status >= StatusCodes.Status500InternalServerError) Log.RequestFailed(log, http.Request.Method, http.Request.Path, status, milliseconds);
            else Log.RequestServed(log, http.Request.Method, http.Request.Path, status, milliseconds);
        }
    }

    private static bool IsUsable(string id) =>
        id.Length is > 0 and <= LongestId && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
