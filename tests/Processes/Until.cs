using System.Diagnostics;

namespace BeerTap.Processes;

/// <summary>Waits for something to be so.</summary>
internal static class Until
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    /// <summary>Gives how long it took.</summary>
    /// <exception cref="TimeoutException">It did not come to be so.</exception>
    public static async Task<TimeSpan> IsSoAsync(Func<Task<bool>> isSo, string what, TimeSpan patience, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        using var poll = new PeriodicTimer(LookEvery);
        while (!await isSo())
        {
            if (Stopwatch.GetElapsedTime(began) > patience) throw new TimeoutException($"{patience.TotalSeconds:0} s were not enough until {what}");
            await poll.WaitForNextTickAsync(cancel);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Whether a GET is answered with a success.</summary>
    public static async Task<bool> AnswersAsync(HttpClient http, string path, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync(path, cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
