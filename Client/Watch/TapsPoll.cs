using System.Net.Http.Json;
using System.Text.Json;

namespace BeerTap.Client.Watch;

/// <summary>Asks the hub for its list of taps again and again.</summary>
/// <param name="hub">Where it is now.</param>
internal sealed class TapsPoll(HttpClient http, Func<Uri> hub, TapBoard board, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A list of ten thousand taps is a megabyte: a hub that takes its time over it gets so many times that to rest.</summary>
    private const int Leisure = 3;

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                var began = time.GetTimestamp();
                await AskAsync(hub(), stopping);
                var took = time.GetElapsedTime(began);
                await Task.Delay(took * Leisure > Interval ? took * Leisure : Interval, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nobody watches any more.
        }
    }

    private async Task AskAsync(Uri at, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, patience.Token);
        try
        {
            using var answer = await http.GetAsync(new Uri(at, "api/taps"), either.Token);
            if (answer.IsSuccessStatusCode)
            {
                board.List((await answer.Content.ReadFromJsonAsync(ClientJson.Default.TapsAnswer, either.Token))?.Taps);
            }
            else if ((int)answer.StatusCode is not (429 or >= 500))
            {
                board.List(null);
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException || (fault is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // The feed tells that the hub is away; what was listed last stays.
        }
    }
}
