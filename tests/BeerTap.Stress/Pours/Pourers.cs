using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace BeerTap.Stress.Pours;

/// <summary>Pours at a rate, whether or not the hub keeps up; each pour is sent again, under its one id, until it is acknowledged.</summary>
/// <param name="bareEvery">
/// One in so many pours has no pour id and is sent once only: nothing but the hubs' own care keeps it from being there twice. 0: none.
/// </param>
internal sealed class Pourers(Uri hub, PourBook book, int taps = 20, int bareEvery = 0) : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly CancellationTokenSource _stop = new();
    private volatile Uri _hub = hub;
    private int _underWay;
    private Task _pouring = Task.CompletedTask;

    /// <summary>The key that they pour with; none: without one.</summary>
    public string? Key
    {
        init => _http.DefaultRequestHeaders.Add("X-Api-Key", value);
    }

    /// <summary>Answers that were neither a success nor worth another try.</summary>
    public List<string> Refused { get; } = [];

    /// <summary>How often a pour was sent again.</summary>
    public int Repeated => _repeated;

    private int _repeated;

    /// <summary>How many answers said 503.</summary>
    public int Unavailable => _unavailable;

    /// <summary>How many of these did not say when to come back.</summary>
    public int Unadvised => _unadvised;

    private int _unavailable, _unadvised;

    /// <summary>When the last success was answered, as a timestamp.</summary>
    public long LastSuccess => Volatile.Read(ref _lastSuccess);

    private long _lastSuccess;

    /// <summary>From now on they pour at another hub.</summary>
    public void MoveTo(Uri other) => _hub = other;

    public void Start(double perSecond) => _pouring = Task.Run(() => PourAsync(perSecond));

    /// <summary>Stops pouring; done when every pour is acknowledged.</summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        await _stop.CancelAsync();
        await _pouring;
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (Volatile.Read(ref _underWay) > 0) await poll.WaitForNextTickAsync(cancel);
    }

    /// <summary>Pours so many in batches, as fast as it goes.</summary>
    public async Task FillAsync(int pours, CancellationToken cancel)
    {
        const int Batch = 500;
        for (var left = pours; left > 0; left -= Batch)
        {
            var numbers = Enumerable.Range(0, Math.Min(left, Batch)).Select(_ => book.Next()).ToList();
            while (!await TryFillAsync(numbers, cancel)) await Task.Delay(Retry, TimeProvider.System, cancel);
        }
    }

    /// <summary>False when some were not taken in time; with their pour ids all may be sent again.</summary>
    private async Task<bool> TryFillAsync(List<int> numbers, CancellationToken cancel)
    {
        using var body = Json($$"""{"beers":[{{string.Join(',', numbers.Select(Body))}}]}""");
        using var answer = await _http.PostAsync(new Uri(_hub, "/api/beers/batch"), body, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if ((int)answer.StatusCode == 503) return false;
        var results = JsonNode.Parse(text)!["results"]?.AsArray() ?? throw new InvalidOperationException($"a batch was answered {(int)answer.StatusCode}: {text}");
        if (results.Any(result => (int)result!["status"]! == 503)) return false;
        for (var i = 0; i < numbers.Count; i++) book.Acknowledge(numbers[i], (long)results[i]!["beer"]!["id"]!);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _pouring;
        _http.Dispose();
        _stop.Dispose();
    }

    /// <summary>A pour with its id, as any hub takes it.</summary>
    public static StringContent Identified(int number) =>
        Json(string.Create(CultureInfo.InvariantCulture, $$"""{"tapId":1,"volume":{{PourBook.VolumeOf(number)}},"pourId":"pour-{{number}}"}"""));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private string Body(int number) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"tapId":{{1 + number % taps}},"volume":{{PourBook.VolumeOf(number)}}{{(IsBare(number) ? "" : $",\"pourId\":\"pour-{number}\"")}}}""");

    private bool IsBare(int number) => bareEvery > 0 && number % bareEvery == 0;

    private async Task PourAsync(double perSecond)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        for (var poured = 0L; !_stop.IsCancellationRequested;)
        {
            for (var due = (long)(TimeProvider.System.GetElapsedTime(began).TotalSeconds * perSecond); poured < due; poured++)
            {
                Interlocked.Increment(ref _underWay);
                _ = UntilAcknowledgedAsync(book.Next());
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private async Task UntilAcknowledgedAsync(int number)
    {
        try
        {
            while (await TrySendAsync(number) is { } pause && !IsBare(number))
            {
                Interlocked.Increment(ref _repeated);
                await Task.Delay(pause, TimeProvider.System, CancellationToken.None);
            }
        }
        catch (Exception fault)
        {
            lock (Refused) Refused.Add(fault.ToString());
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    /// <summary>Null when it was taken; else when to send it again.</summary>
    private async Task<TimeSpan?> TrySendAsync(int number)
    {
        try
        {
            using var body = Json(Body(number));
            using var answer = await _http.PostAsync(new Uri(_hub, "/api/beers"), body);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                book.Acknowledge(number, (long)JsonNode.Parse(text)!["beer"]!["id"]!);
                Volatile.Write(ref _lastSuccess, Stopwatch.GetTimestamp());
                return null;
            }

            // From a proxy that finds no hub, or whose hub ended before it answered.
            if ((int)answer.StatusCode is 502 or 504) return Retry;
            if ((int)answer.StatusCode == 503)
            {
                Interlocked.Increment(ref _unavailable);
                if (answer.Headers.RetryAfter is null) Interlocked.Increment(ref _unadvised);
                return answer.Headers.RetryAfter?.Delta ?? Retry;
            }

            throw new InvalidOperationException($"pour {number} was answered {(int)answer.StatusCode}: {text}");
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            // The hub is down or was killed; whether it took the pour is not known, so it is sent again.
            return Retry;
        }
    }
}
