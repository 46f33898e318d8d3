using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace BeerTap.Client.Watch;

/// <summary>Asks the hub for its list of taps again and again.</summary>
/// <param name="hub">Where it is now.</param>
internal sealed class TapsPoll(HttpClient http, Func<Uri> hub, TapBoard board, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A list of ten thousand taps is a megabyte in ten pages: a hub that takes its time over it gets so many times that to rest.</summary>
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
            var taps = new List<Tap>();
            var path = "api/taps";
            while (true)
            {
                using var answer = await http.GetAsync(new Uri(at, path), either.Token);
                if (!answer.IsSuccessStatusCode)
                {
                    if ((int)answer.StatusCode is not (429 or >= 500))
                    {
                        board.List(null);
                    }

                    return;
                }

                var page = await answer.Content.ReadFromJsonAsync(ClientJson.Default.TapsAnswer, either.Token);
                if (page?.Taps is null)
                {
                    board.List(null);
                    return;
                }

                taps.AddRange(page.Taps);

                // Ids grow from page to page: a hub that sends the same page for ever is not believed.
                if (page.Next is not { } next || page.Taps.Count == 0 || next < page.Taps[^1].Id)
                {
                    board.List(taps);
                    return;
                }

                path = string.Create(CultureInfo.InvariantCulture, $"api/taps?after_id={next}");
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or JsonException || (fault is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            // The feed tells that the hub is away; what was listed last stays.
        }
    }
}
