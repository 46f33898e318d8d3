using System.Net.Sockets;
using System.Text.Json;

namespace BeerTap.Stress.Fuzz;

/// <summary>A door whose every case has a connection of its own: what is thrown there spoils the connection, or keeps the hub waiting.</summary>
internal abstract class SoloDoor(string name, int share, Uri hub, Findings findings) : Door(name, share)
{
    /// <summary>How many of a block are under way at once, since some only wait.</summary>
    private const int Lanes = 10;

    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public override async Task RunAsync(Random random, long first, CancellationToken cancel)
    {
        var seeds = Enumerable.Range(0, BlockSize).Select(_ => random.Next()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(async lane =>
        {
            for (var i = lane; i < BlockSize; i += Lanes) await RunOneAsync(new Random(seeds[i]), first + i, cancel);
        }));
    }

    /// <param name="sent">What was sent, for whoever looks at a finding.</param>
    /// <returns>What is wrong with how the hub took it, or null.</returns>
    protected abstract Task<string?> AttackAsync(Random random, long number, Wire wire, List<byte> sent, CancellationToken cancel);

    private async Task RunOneAsync(Random random, long number, CancellationToken cancel)
    {
        Count(1);
        var sent = new List<byte>();
        using var wire = new Wire(hub);
        try
        {
            await wire.ConnectAsync(cancel);
            if (await AttackAsync(random, number, wire, sent, cancel) is { } fault) findings.Add(Name, number, sent.ToArray(), fault);
        }
        catch (Exception fault) when (fault is FormatException or IOException or TimeoutException or JsonException or SocketException or NullReferenceException or InvalidOperationException)
        {
            findings.Add(Name, number, sent.ToArray(), fault.Message);
        }
    }
}
