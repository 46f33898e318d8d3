using Microsoft.AspNetCore.SignalR;

namespace BeerTap.Server.Live;

/// <summary>
/// The feed over SignalR. Clients only listen: the hub calls the client methods <c>welcome</c>, <c>beerPoured</c>, <c>beerDeleted</c>,
/// <c>shareReport</c>, <c>reload</c> and <c>closing</c>, each with the event object as its one argument.
/// </summary>
internal sealed class TapHub : Hub
{
    public const string Path = "/hubs/taps";
}
