using System.Globalization;
using System.Text;
using BeerTap.Server.Beers;
using Microsoft.Net.Http.Headers;

namespace BeerTap.Server.Live;

/// <summary>
/// The answer to an <c>EventSource</c> that is refused for now only: <c>200</c>, <c>retry:</c> with the time to wait, the event <c>closing</c>, the end.
/// By the HTML standard ("Processing model" of server-sent events) every status other than 200 ends an <c>EventSource</c> for good, while the end of a
/// stream makes it reconnect.
/// </summary>
internal static class PutOff
{
    private const string MediaType = "text/event-stream";

    /// <summary>Each client gets a time of its own within so many milliseconds, because all are told the same whole second.</summary>
    private const int Spread = 1_000;

    /// <summary>
    /// Whether a refusal is answered in this way: the request asks for the stream of events as an <c>EventSource</c> does, and the refusal may not last.
    /// Other clients get the problem with its status.
    /// </summary>
    public static bool Fits(HttpRequest request, Problem problem) =>
        problem.Status is StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError
        && HttpMethods.IsGet(request.Method)
        && request.Path.Value!.TrimEnd('/').Equals(SseFeed.Path, StringComparison.OrdinalIgnoreCase)
        && request.GetTypedHeaders().Accept.Any(IsEventStream);

    /// <param name="retryAfter">The seconds that the client must wait at least.</param>
    public static Task AnswerAsync(HttpContext http, Problem problem, int retryAfter)
    {
        var delay = (retryAfter * 1_000) + Random.Shared.Next(Spread);
        var comment = string.Create(CultureInfo.InvariantCulture, $": {problem.Type}: {problem.Title}\n");
        ReadOnlyMemory<byte> body = (byte[])[.. Encoding.UTF8.GetBytes(comment), .. Frames.Closing(FrameFormat.Sse, ReasonOf(problem), delay)];
        http.Response.StatusCode = StatusCodes.Status200OK;
        SseFeed.SetHeaders(http.Response);
        http.Response.ContentLength = body.Length;
        if (http.RequestServices?.GetService<ILogger<Feed>>() is { } log)
        {
            Log.PutOff(log, problem.Type, delay);
        }

        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    private static bool IsEventStream(MediaTypeHeaderValue accepted) =>
        accepted.MediaType.Equals(MediaType, StringComparison.OrdinalIgnoreCase) && accepted.Quality is null or > 0;

    private static CloseReason ReasonOf(Problem problem) => problem.Type[Refusals.TypePrefix.Length..] switch
    {
        "draining" => CloseReason.Draining,
        "too-many-connections" => CloseReason.TooManyConnections,
        "too-many-requests" => CloseReason.TooManyRequests,
        _ => CloseReason.NotReady,
    };
}
