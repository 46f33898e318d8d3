using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Fuzz;

/// <summary>Who uses the hub as it is meant, while others do not: a tap that pours, a listener of each transport, and a probe of its health.</summary>
internal sealed class Neighbour : IAsyncDisposable
{
    private const int PoursPerSecond = 20;

    private readonly HttpClient _http;
    private readonly Pourers _pourers;
    private readonly Listeners _listeners;
    private readonly Latencies _health = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _probing = Task.CompletedTask;

    public Neighbour(Uri hub, HttpClient http)
    {
        _http = http;
        _pourers = new Pourers(hub, Book);
        _listeners = Listeners.Mixed(hub, Transport.All.Length, Book);
    }

    public PourBook Book { get; } = new() { OthersPour = true };

    /// <summary>How many connections the hub counts when nobody else is there.</summary>
    public int Connections => _listeners.All.Count;

    public async Task StartAsync(CancellationToken cancel)
    {
        await _listeners.ConnectAsync(() => null, cancel);
        _pourers.Start(PoursPerSecond);
        _probing = Probe.RunAsync(_http, "/health/live", _health, _stop.Token);
    }

    public async Task StopAsync(CancellationToken cancel)
    {
        await _pourers.StopAsync(cancel);
        await _stop.CancelAsync();
        await _probing;
    }

    public async Task CheckAsync(long head, Verdict verdict, CancellationToken cancel)
    {
        verdict.Check(_pourers.Refused.Count == 0, $"none of the neighbour's {Book.Count:N0} pours was refused ({_pourers.Repeated} sent again): answered in {Book.Answers}");
        await _listeners.CheckHeardAllAsync(head, verdict, cancel);
        verdict.Check(_health.Percentile(1) < 2000, $"/health/live answered the neighbour in {_health}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        await _pourers.DisposeAsync();
        await _listeners.DisposeAsync();
        _stop.Dispose();
    }
}
