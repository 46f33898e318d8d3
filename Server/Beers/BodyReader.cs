using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Net.Http.Headers;

namespace BeerTap.Server.Beers;

/// <summary>A request's JSON body, whole in memory and at most as large as the configured limit.</summary>
internal static class BodyReader
{
    private const string Json = "application/json", Charset = "utf-8", Identity = "identity";

    /// <summary>
    /// Reads the body and hands it to <paramref name="read"/> with <paramref name="state"/>; refuses a wrong media type and an encoded body (415), and
    /// a body over the limit (413).
    /// </summary>
    public static async ValueTask<(T? Value, Problem? Refusal)> ReadAsync<T, TState>(
        HttpContext http, long limit, TState state, Func<ReadOnlyMemory<byte>, TState, (T?, Problem?)> read)
    {
        var request = http.Request;
        if ((RefusalOfType(request.ContentType) ?? RefusalOfEncoding(http)) is { } refusal)
        {
            return (default, refusal);
        }

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

    /// <summary>Why a body that is encoded, such as with gzip, is not read; the answer then lists what is (RFC 9110, section 15.5.16).</summary>
    public static Problem? RefusalOfEncoding(HttpContext http)
    {
        foreach (var line in http.Request.Headers.ContentEncoding)
        {
            foreach (var coding in line.AsSpan().Split(','))
            {
                var name = line.AsSpan(coding).Trim();
                if (name.IsEmpty || name.Equals(Identity, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }

                http.Response.Headers.AcceptEncoding = Identity;
                return Refusals.EncodedBody();
            }
        }

        return null;
    }

    /// <summary>Names are compared without case, values may be quoted, and a parameter may be empty (RFC 9110, sections 5.6.6 and 8.3).</summary>
    private static Problem? RefusalOfType(string? contentType)
    {
        if (contentType == Json)
        {
            return null;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType?.TrimEnd(';', ' ', '\t'), out var type)
            || !type.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase))
        {
            return Refusals.WrongMediaType(contentType);
        }

        var isUtf8 = !type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals(Charset, StringComparison.OrdinalIgnoreCase);
        return isUtf8 ? null : Refusals.WrongCharset();
    }
}
