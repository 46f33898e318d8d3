using BeerTap.Server.Beers;

namespace BeerTap.Server.Hosting;

/// <summary>Refuses requests of which a proxy in front of the hub may believe that they end elsewhere.</summary>
internal static class Framing
{
    private const string LineFeedSwitch = "Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators";

    /// <summary>Lines of a head end with CR LF: RFC 9112 section 2.2 lets a server take a bare LF, and proxies differ in it. Before Kestrel is made.</summary>
    public static void RefuseBareLineFeeds() => AppContext.SetSwitch(LineFeedSwitch, true);

    /// <summary>HTTP/1.0 has no chunks; a proxy that knows only 1.0 goes by another length. RFC 9112 section 6.1: the framing is faulty, the connection ends.</summary>
    public static void Check(IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.Request.Headers.TransferEncoding.Count == 0 || !HttpProtocol.IsHttp10(http.Request.Protocol)) return next(http);
        http.Response.Headers.Connection = "close";
        return new RefusalResult(Refusals.AmbiguousLength()).ExecuteAsync(http);
    });
}
