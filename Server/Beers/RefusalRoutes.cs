namespace BeerTap.Server.Beers;

internal static class RefusalRoutes
{
    /// <summary>Declares the problems an endpoint answers with; 421, for a host name that is not the hub's, is one of each.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder route, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            route.Produces<Problem>(status, "application/problem+json");
        }

        return route.Produces<Problem>(StatusCodes.Status421MisdirectedRequest, "application/problem+json");
    }
}
