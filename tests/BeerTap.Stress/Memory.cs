using BeerTap.Processes;

namespace BeerTap.Stress;

/// <summary>The memory of a hub over a time, one figure a second.</summary>
internal sealed class Memory
{
    private const int Mebibyte = 1024 * 1024;

    /// <summary>What may come and go between two looks: the garbage collector's own rhythm.</summary>
    private const int Slack = 24 * Mebibyte;

    private readonly List<long> _figures = [];

    /// <summary>The median of the last third is not above that of the first third.</summary>
    public bool IsFlat => Median(_figures[^Third..]) <= Median(_figures[..Third]) * 1.05 + Slack;

    public long Highest => _figures.Max();

    private int Third => Math.Max(1, _figures.Count / 3);

    public static async Task<Memory> WatchAsync(HubProcess hub, TimeSpan time, CancellationToken cancel)
    {
        var memory = new Memory();
        var began = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            memory._figures.Add(hub.ResidentBytes);
            await timer.WaitForNextTickAsync(cancel);
        }
        while (TimeProvider.System.GetElapsedTime(began) < time);
        return memory;
    }

    /// <summary>Watches until something is done.</summary>
    public static async Task<Memory> WatchAsync(HubProcess hub, Task done)
    {
        var memory = new Memory();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        do
        {
            memory._figures.Add(hub.ResidentBytes);
            await Task.WhenAny(done, timer.WaitForNextTickAsync(CancellationToken.None).AsTask());
        }
        while (!done.IsCompleted);
        return memory;
    }

    public override string ToString() =>
        $"{Median(_figures[..Third]) / Mebibyte} MB in the first third, {Median(_figures[^Third..]) / Mebibyte} MB in the last, {Highest / Mebibyte} MB at most";

    private static long Median(List<long> figures) => figures.Order().ElementAt(figures.Count / 2);
}
