namespace BeerTap.Server.Hosting;

/// <summary>The description of the API at <c>/openapi/v1.json</c>, and a page to try it at <c>/docs</c>.</summary>
internal static class Docs
{
    public static void AddDocs(this IServiceCollection services) => services.AddOpenApi("v1", options =>
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
        options.AddOperationTransformer<DocsExamples>();
        options.AddOperationTransformer<DocsKeys>();
    });

    public static void MapDocs(this WebApplication app)
    {
        // The one document there is. By default any name is taken, and one that is unknown is repeated in the answer.
        app.MapOpenApi("/openapi/v1.json");
        // Only requests for the page go through its middleware.
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), docs => docs.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = "BeerTap API";
            page.SwaggerEndpoint("/openapi/v1.json", "BeerTap");
        }));
    }
}
