using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Herd;

/// <summary>Many listeners of one hub.</summary>
internal sealed class Listeners : IAsyncDisposable
{
    /// <summary>How many connect at the same time: the hub's queue of new connections holds a few hundred.</summary>
    private const int AtOnce = 100;

    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _listening = [];
    private readonly Task _pinging;

    public Listeners(IEnumerable<Listener> all)
    {
        All = [.. all];
        _pinging = Task.Run(PingAsync);
    }

    public List<Listener> All { get; }

    /// <summary>Listeners of all transports in turn.</summary>
    public static Listeners Mixed(Uri hub, int count, PourBook book) => Mixed([hub], count, book);

    /// <summary>Listeners of all transports, on several hubs in turn.</summary>
    public static Listeners Mixed(IReadOnlyList<Uri> hubs, int count, PourBook book) =>
        new(Enumerable.Range(0, count).Select(i => new Listener(hubs[i / Transport.All.Length % hubs.Count], Transport.All[i % Transport.All.Length], book)));

    /// <summary>Connects all, each from a position of its own; done when each has heard its welcome.</summary>
    public async Task ConnectAsync(Func<string?> after, CancellationToken cancel)
    {
        foreach (var group in All.Chunk(AtOnce))
        {
            foreach (var listener in group)
            {
                var from = after();
                _listening.Add(Task.Run(() => listener.ListenAsync(from, _stop.Token), cancel));
            }

            await UntilAsync(group, listener => listener.Heard.Welcomes > 0 || listener.BytesPerSecond is not null || listener.Heard.Fault is not null, TimeSpan.FromSeconds(60), cancel);
        }
    }

    /// <summary>Waits until something is so of all of them, or the time is up; gives how many it is so of.</summary>
    public static async Task<int> UntilAsync(IReadOnlyCollection<Listener> listeners, Func<Listener, bool> isSo, TimeSpan patience, CancellationToken cancel)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            var count = listeners.Count(isSo);
            if (count == listeners.Count || TimeProvider.System.GetElapsedTime(began) > patience) return count;
            await poll.WaitForNextTickAsync(cancel);
        }
    }

    /// <summary>Waits until all have come to a position number, and checks that each heard every position on its way once and in order.</summary>
    public async Task CheckHeardAllAsync(long head, Verdict verdict, CancellationToken cancel)
    {
        var there = await UntilAsync(All, listener => listener.Heard.Seq >= head || listener.Heard.Fault is not null, TimeSpan.FromSeconds(60), cancel);
        var wrong = All.Where(listener => listener.Heard.Fault is not null || listener.Heard.Seq != head).ToList();
        foreach (var listener in wrong.Take(3)) Verdict.Say($"{listener.Transport.Name} at {listener.Heard.Position} of {head}: {listener.Heard.Fault ?? "did not get further"}");
        verdict.Check(wrong.Count == 0 && there == All.Count, $"{All.Count - wrong.Count} of {All.Count} listeners heard every position to {head} once and in order ({All.Sum(listener => (long)listener.Heard.Events):N0} deliveries)");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll([_pinging, .. _listening]);
        _stop.Dispose();
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) All.ForEach(listener => listener.Ping());
        }
        catch (OperationCanceledException)
        {
            // The listeners are told to stop.
        }
    }
}
