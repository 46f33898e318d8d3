using System.Globalization;
using BeerTap.Processes;

namespace BeerTap.Bench.Peers;

/// <summary>
/// A hub that shares its log with others. It is on the server's core; the other hubs and the brokers are on whichever of both is free, as on a machine
/// that is not divided.
/// </summary>
internal sealed class SharingHub : Peer
{
    private readonly HubProcess[] _hubs;

    /// <param name="brokers">Who keeps the log; each hub that is measured gets a new one.</param>
    public SharingHub(Brokers brokers, int hubs)
    {
        string[] settings =
        [
            "--Limits:RequestsPerKey=0", "--Limits:RequestsPerAddress=0", "--Log:Provider=RabbitMq", $"--Log:ConnectionString={brokers.ConnectionString}",
            $"--Log:Stream={Guid.NewGuid():N}",
        ];
        _hubs = [.. Enumerable.Range(0, hubs).Select(i => new HubProcess([.. settings, FormattableString.Invariant($"--Log:Hub=hub{i + 1}")]) { Cores = i == 0 ? [Machine.ServerCore] : Machine.BothCores })];
    }

    public override int Port => _hubs[0].Address.Port;

    public override bool KeepsOrder => true;

    public override int ProcessId => _hubs[0].Id;

    public override async Task StartAsync(CancellationToken cancel)
    {
        foreach (var hub in _hubs) await hub.StartAsync();
    }

    /// <summary>Why a hub has not as many beers as were acknowledged by the first, or null; those behind get the time they need.</summary>
    public async Task<string?> LackAsync(int acknowledged, CancellationToken cancel)
    {
        foreach (var (hub, i) in _hubs.Select((hub, i) => (hub, i)))
        {
            using var http = new HttpClient { BaseAddress = hub.Address };
            var wanted = string.Create(CultureInfo.InvariantCulture, $"\"total\":{acknowledged}");
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(TimeSpan.FromSeconds(30));
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            try
            {
                while (!(await http.GetStringAsync("/api/beers?page_size=1", patience.Token)).Contains(wanted, StringComparison.Ordinal)) await poll.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return $"hub {i + 1} has not come to {acknowledged} beers";
            }
        }

        return null;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var hub in _hubs) await hub.DisposeAsync();
    }
}
