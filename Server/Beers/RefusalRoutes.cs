namespace BeerTap.Server.Beers;

internal static class RefusalRoutes
{
    /// <summary>Declares the problems an endpoint answers with.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses) route.Produces<Problem>(status, "application/problem+json");
        return route;
    }
}
