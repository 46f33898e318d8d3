using System.Diagnostics;
using System.Globalization;

namespace BeerTap.Bench.Peers;

/// <summary>A server that is measured: a process of its own, on <see cref="Machine.ServerCore"/>.</summary>
internal abstract class Peer : IAsyncDisposable
{
    public abstract int Port { get; }

    public virtual string PostPath => "/api/beers";

    /// <summary>Positions make the order the same for everyone; not every server promises that.</summary>
    public virtual bool KeepsOrder => false;

    /// <summary>The process that does the work.</summary>
    public abstract int ProcessId { get; }

    /// <summary>The processor time that the server has used, in seconds.</summary>
    public double ProcessorSeconds
    {
        get
        {
            var text = File.ReadAllText($"/proc/{ProcessId}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / Machine.TicksPerSecond;
        }
    }

    /// <summary>The memory that the server holds (resident set).</summary>
    public long ResidentBytes => Process.GetProcessById(ProcessId).WorkingSet64;

    public abstract Task StartAsync(CancellationToken cancel);

    public abstract ValueTask DisposeAsync();
}
