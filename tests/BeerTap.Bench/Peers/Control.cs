using System.Diagnostics;
using BeerTap.Bench.Load;

namespace BeerTap.Bench.Peers;

/// <summary>The naive version as a process: <see cref="ControlServer"/>, with the runtime's own settings.</summary>
internal sealed class Control(bool broadcasts) : ChildPeer
{
    public static readonly Feed Stock = new("stock SignalR", ControlServer.HubPath, Framing.SignalR, null, "{}");

    public override string PostPath => broadcasts ? ControlServer.BroadcastPath : ControlServer.PlainPath;

    protected override string[] Command => ["dotnet", Path.Combine(AppContext.BaseDirectory, "BeerTap.Bench.dll"), ControlServer.Command, $"{Port}"];

    // The load does without concurrent collection; a server has it, as the hub does.
    protected override void Prepare(ProcessStartInfo start) => start.Environment["DOTNET_gcConcurrent"] = "1";
}
