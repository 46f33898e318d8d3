using System.Net.ServerSentEvents;

namespace BeerTap.Client;

/// <summary>The feed as Server-Sent Events: a GET whose answer goes on for as long as both sides want.</summary>
/// <param name="http">Without a limit on connections and time: each feed holds one for good.</param>
internal sealed class SseFeed(HttpClient http, FeedTarget target, SemaphoreSlim connecting, HubSighting hub, IReport report, TimeProvider _time)
    : LiveFeed(target, connecting, hub, report, _time)
{
    /// <summary>The hub sends a comment every 15 s: after three that did not come, the connection is dead.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(45);

    private readonly TimeProvider _time = _time;

    protected override (string Scheme, string Path) Endpoint => ("http", "api/events/stream");

    protected override async Task ListenAsync(Uri address, CancellationToken stopping, CancellationToken abort)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        if (!answer.IsSuccessStatusCode)
        {
            var retryAfter = answer.Headers.RetryAfter;
            throw new FeedRefusedException(answer.StatusCode, retryAfter?.Delta ?? retryAfter?.Date - (answer.Headers.Date ?? _time.GetUtcNow()));
        }

        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            throw new InvalidDataException($"the answer is {answer.Content.Headers.ContentType?.MediaType ?? "of no type"}, not an event stream");
        }

        await using var stream = new WatchedStream(await answer.Content.ReadAsStreamAsync(either.Token), LongestSilence, _time);
        var parser = SseParser.Create(stream, (_, data) =>
        {
            Hear(data);
            return true;
        });
        await foreach (var _ in parser.EnumerateAsync(either.Token))
        {
            // Heard where it was parsed, before its bytes are gone.
        }
    }
}
