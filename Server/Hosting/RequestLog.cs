using BeerTap.Server.Security;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Gives each request an id (<c>X-Request-ID</c>, taken from the caller or made), returns it, puts it into every log line of the request,
/// answers what nobody else did (<see cref="Faults"/>), and writes one line per request with its status and duration.
/// </summary>
/// <remarks>One middleware for all of it, because each that waits for the next costs every pour a state machine of its own.</remarks>
internal sealed class RequestLog(RequestDelegate next, SecurityOptions security, TimeProvider time, ILogger<RequestLog> log)
{
    public const string Header = "X-Request-ID";

    /// <summary>A longer id, or one with characters that could forge a log line, is replaced.</summary>
    private const int LongestId = 64;

    private readonly SafeHeaders _safe = new(security);

    public async Task InvokeAsync(HttpContext http)
    {
        var began = time.GetTimestamp();
        var sent = http.Request.Headers[Header].ToString();
        RequestId.Current = http.TraceIdentifier = IsUsable(sent) ? sent : Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        SetHeaders(http);
        try
        {
            await next(http);
            if (Faults.IsUnanswered(http)) await Faults.AnswerStatusAsync(http);
        }
        catch (Exception fault) when (!http.Response.HasStarted)
        {
            http.Response.Clear();
            SetHeaders(http);
            await Faults.AnswerAsync(http, fault, log);
        }
        finally
        {
            // An answer that says how long it is does not go on: a pour asks for nothing more.
            if (http.Response.ContentLength is null && BareConnection.TakenBy(http) is { } connection) WriteAtEnd(connection, http.Request.Method, http.Request.Path, http.Response.StatusCode, began);
            else Write(http.Request.Method, http.Request.Path, http.Response.StatusCode, began);
        }
    }

    private void WriteAtEnd(BareConnection connection, string method, PathString path, int status, long began) => connection.AtEnd(() => Write(method, path, status, began));

    private void Write(string method, PathString path, int status, long began)
    {
        var milliseconds = time.GetElapsedTime(began).TotalMilliseconds;
        if (path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)) Log.HealthAsked(log, path, status);
        else if (status >= StatusCodes.Status500InternalServerError) Log.RequestFailed(log, method, path, status, milliseconds);
        else Log.RequestServed(log, method, path, status, milliseconds);
    }

    private void SetHeaders(HttpContext http)
    {
        http.Response.Headers[Header] = http.TraceIdentifier;
        _safe.Set(http);
    }

    private static bool IsUsable(string id) =>
        id.Length is > 0 and <= LongestId && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
