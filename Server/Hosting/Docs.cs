using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BeerTap.Server.Hosting;

/// <summary>The description of the API at <c>/openapi/v1.json</c>, and a page to try it at <c>/docs</c>.</summary>
internal static class Docs
{
    private const string Name = "v1";

    public static void AddDocs(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "BeerTap";
            document.Info.Version = Usage.Version;
            document.Info.Description =
                "Real-time hub for beer taps: pours in over REST, exactly once; every change out over SignalR (`/hubs/taps`), WebSocket (`/sockets/beers`) and SSE, resumable by position.";
            document.Servers?.Clear();
            DocsKeys.Describe(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(DocsOptional.Describe);
        options.AddOperationTransformer<DocsExamples>();
        options.AddOperationTransformer<DocsKeys>();
    });

    /// <summary>The document as JSON.</summary>
    internal static async Task<byte[]> WriteAsync(IServiceProvider services)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync();
        using var json = new MemoryStream();
        await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1);
        return json.ToArray();
    }

    public static void MapDocs(this WebApplication app)
    {
        // Made once: it is the same for every caller, and making it takes longer than a pour.
        var document = new Lazy<Task<byte[]>>(() => WriteAsync(app.Services));
        app.MapGet("/openapi/v1.json", async () => Results.Bytes(await document.Value, "application/json; charset=utf-8")).ExcludeFromDescription();

        // Only requests for the page go through its middleware.
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), docs => docs.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = "BeerTap API";
            page.SwaggerEndpoint("/openapi/v1.json", "BeerTap");
        }));
    }
}
