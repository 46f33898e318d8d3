using BeerTap.Server.Security;

namespace BeerTap.Server.Live;

/// <summary>Marks the endpoints whose answer goes on for as long as both sides want: sockets and streams.</summary>
internal sealed class Listening
{
    public static readonly Listening Mark = new();
}

internal static class ListeningRoutes
{
    /// <summary>Who calls this endpoint becomes a listener: it needs the right to, is counted, and a web page must be of an origin that may.</summary>
    public static TBuilder Listens<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.Requires(Right.Listen).WithMetadata(Listening.Mark);
}
