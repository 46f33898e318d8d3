using Microsoft.Extensions.FileProviders;

namespace BeerTap.Server.Hosting;

/// <summary>The page at <c>/</c>, from the program's own <c>wwwroot</c>.</summary>
internal static class Page
{
    public static void UsePage(this WebApplication app)
    {
        var files = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "wwwroot"));
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        app.UseStaticFiles(new StaticFileOptions { FileProvider = files });
    }
}
