using System.Diagnostics;

namespace BeerTap.Stress;

/// <summary>A neighbour that asks something small again and again, and notes how long the answer takes.</summary>
internal static class Probe
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(HttpClient http, string path, Latencies answers, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                var asked = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(path, cancel);
                answer.EnsureSuccessStatusCode();
                answers.Add(asked, Stopwatch.GetTimestamp());
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Told to stop.
        }
    }
}
