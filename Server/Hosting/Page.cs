using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace BeerTap.Server.Hosting;

/// <summary>The page at <c>/</c>, from the program's own <c>wwwroot</c>.</summary>
internal static class Page
{
    /// <summary>A browser keeps the files and asks each time whether they changed, so that no part of an older page meets a newer hub.</summary>
    private static readonly StringValues AskAgain = "no-cache";

    public static void UsePage(this WebApplication app)
    {
        var files = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        app.UseStaticFiles(new StaticFileOptions { FileProvider = files, OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = AskAgain });
    }
}
