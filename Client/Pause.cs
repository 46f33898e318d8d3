namespace BeerTap.Client;

/// <summary>How long to wait before the next try.</summary>
/// <param name="Asked">The hub asked for it, or only a person can change what stands in the way: news of the hub does not cut it short.</param>
internal readonly record struct Pause(TimeSpan Length, bool Asked);

/// <summary>The pauses of one sender or feed.</summary>
internal sealed class Pauses(HubSighting hub, Random random, TimeProvider time)
{
    /// <summary>All who wait hear of the hub in the same moment; they go to it within this long, each at a moment of its own.</summary>
    public static readonly TimeSpan Spread = TimeSpan.FromSeconds(1);

    private long? _cutShort;

    public async Task WaitAsync(Pause pause, CancellationToken cancellation)
    {
        // Whoever fails though others get through keeps its growing waits: one try in so long is the most that their news adds.
        var began = time.GetTimestamp();
        if (pause.Asked || (_cutShort is { } last && time.GetElapsedTime(last) < Backoff.Cap))
        {
            await Task.Delay(pause.Length, time, cancellation);
            return;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var wait = Task.Delay(pause.Length, time, over.Token);
        var first = await Task.WhenAny(wait, hub.SeenSinceAsync(began, over.Token));
        cancellation.ThrowIfCancellationRequested();
        if (first == wait)
        {
            await over.CancelAsync();
            return;
        }

        await over.CancelAsync();
        _cutShort = time.GetTimestamp();
        var left = pause.Length - time.GetElapsedTime(began);
        var soon = Spread * random.NextDouble();
        await Task.Delay(left < soon ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : soon, time, cancellation);
    }
}
