using BeerTap.Bench.Load;
using BeerTap.Processes;

namespace BeerTap.Bench.Peers;

/// <summary>BeerTap: the hub that was built beside the bench, on a store of its own.</summary>
internal sealed class Hub : Peer
{
    public static readonly Feed
        WebSocket = new("WebSocket", "/sockets/beers", Framing.WebSocket, "beertap.v1", "\"welcome\""),
        SignalR = new("SignalR", "/hubs/taps", Framing.SignalR, null, "\"welcome\""),
        Sse = new("SSE", "/api/events/stream", Framing.Stream, null, "\"welcome\"");

    private readonly HubProcess _process;

    /// <param name="settings">More settings; they win over those that make the contest fair: one key may post as often as it likes.</param>
    public Hub(params string[] settings) => _process = new HubProcess(["--Limits:RequestsPerKey=0", "--Limits:RequestsPerAddress=0", .. settings]) { Cores = [Machine.ServerCore] };

    public override int Port => _process.Address.Port;

    public override bool KeepsOrder => true;

    public override int ProcessId => _process.Id;

    public string Folder => _process.Folder;

    public override Task StartAsync(CancellationToken cancel) => _process.StartAsync();

    /// <summary>Stops in order; it can be started again on the same store.</summary>
    public Task StopAsync() => _process.StopAsync();

    public override ValueTask DisposeAsync() => _process.DisposeAsync();
}
