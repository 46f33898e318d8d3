using Microsoft.Extensions.Primitives;

namespace BeerTap.Server.Security;

/// <summary>What a browser is told about every answer: take it for what it says it is, do not frame it, run nothing in it but the hub's own.</summary>
internal sealed class SafeHeaders(SecurityOptions options)
{
    private static readonly StringValues NoSniff = "nosniff", NoReferrer = "no-referrer";

    /// <summary>An answer of the API is data: nothing in it is to be run, shown or framed.</summary>
    private static readonly StringValues OfApi = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The page is made of its own files, and calls the hub it came from, or one of the configured origins that this one sends it to.</summary>
    private readonly StringValues _ofPage =
        $"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{string.Concat(options.Origins.Select(AndSockets))}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Swagger UI sets styles in the document, and draws with pictures and fonts that lie in its own files as data.</summary>
    private static readonly StringValues OfDocs =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public void Set(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        headers.ContentSecurityPolicy = PolicyOf(http.Request.Path);
    }

    /// <summary>Sockets are a scheme of their own to a browser: <c>http</c> becomes <c>ws</c>, <c>https</c> becomes <c>wss</c>.</summary>
    private static string AndSockets(string origin) => $" {origin} ws{origin["http".Length..]}";

    private StringValues PolicyOf(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) ? OfApi
        : path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase) ? OfDocs
        : path.Value is "/" or "/index.html" ? _ofPage
        : OfApi;
}
