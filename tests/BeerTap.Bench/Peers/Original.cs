using System.Globalization;
using BeerTap.Bench.Load;

namespace BeerTap.Bench.Peers;

/// <summary>The original system, started by a command that is given; its own words tell which beer was poured by id.</summary>
internal sealed class Original(string command) : ChildPeer
{
    public static readonly Feed Feed = new("original", "/sockets/beers?tapId=1", Framing.WebSocket, null, null, "(id: ");

    protected override string[] Command => command.Replace("{port}", Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
