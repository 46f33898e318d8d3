using System.Buffers;
using System.IO.Pipelines;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Connections;

namespace BeerTap.Server.Beers;

/// <summary>A request's JSON body, whole in memory and at most as large as the configured limit.</summary>
internal static class BodyReader
{
    private const string Json = "application/json";

    /// <summary>Reads the body and hands it to <paramref name="read"/> with <paramref name="state"/>; refuses a wrong media type (415) and a body over the limit (413).</summary>
    public static async ValueTask<(T? Value, Problem? Refusal)> ReadAsync<T, TState>(
        HttpContext http, long limit, TState state, Func<ReadOnlyMemory<byte>, TState, (T?, Problem?)> read)
    {
        var request = http.Request;
        if (!IsJson(request.ContentType)) return (default, Refusals.WrongMediaType(request.ContentType));
        if (request.ContentLength > limit) return (default, Refusals.BodyTooLarge(limit));

        var body = request.BodyReader;
        while (true)
        {
            var result = await ReadAsync(http, body);
            var buffer = result.Buffer;
            if (buffer.Length > limit)
            {
                body.AdvanceTo(buffer.End);
                return (default, Refusals.BodyTooLarge(limit));
            }

            if (!result.IsCompleted)
            {
                body.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            var value = read(buffer.IsSingleSegment ? buffer.First : buffer.ToArray(), state);
            body.AdvanceTo(buffer.End);
            return value;
        }
    }

    /// <summary>
    /// A body that breaks off, or whose chunks are none, is the sender's fault; the server has no one word for it. The wait ends by itself when the
    /// connection does: a token that ends it first leaves the server's reader in the middle of a read, which it then logs as an error.
    /// </summary>
    private static async ValueTask<ReadResult> ReadAsync(HttpContext http, PipeReader body)
    {
        try
        {
            return await body.ReadAsync(CancellationToken.None);
        }
        catch (ConnectionResetException fault)
        {
            // Told to abort, the server does not try to read the rest of what nobody sends.
            http.Abort();
            throw new BadHttpRequestException("The client is gone.", fault);
        }
        catch (IOException fault) when (fault is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The body breaks off.", fault);
        }
        catch (InvalidOperationException fault)
        {
            // What the server makes of a trailer whose value is no text.
            throw new BadHttpRequestException("What follows the body is no header.", fault);
        }
    }

    private static bool IsJson(string? contentType) =>
        contentType == Json
        || (MediaTypeHeaderValue.TryParse(contentType, out var type)
        && string.Equals(type.MediaType, Json, StringComparison.OrdinalIgnoreCase)
        && type.CharSet is null or "utf-8" or "UTF-8" or "\"utf-8\"");
}
