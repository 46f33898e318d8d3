using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace BeerTap.Client;

/// <summary>The hub's REST intake, shared by all taps: turns every possible answer, and none, into a <see cref="PourAnswer"/>.</summary>
/// <param name="place">Where the hub is; none: where <paramref name="http"/> leads by itself, always.</param>
internal sealed class BeersApi(HttpClient http, TimeProvider time, HubPlace? place = null)
{
    /// <summary>After this long without an answer a pour is sent again; its id keeps it from counting twice.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>One answer per pour, in order.</summary>
    public async Task<PourAnswer[]> PostAsync(IReadOnlyList<Pour> pours, CancellationToken cancellation)
    {
        try
        {
            return pours.Count == 1
                ? [await PostOneAsync(pours[0], cancellation)]
                : await PostManyAsync(pours, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException || IsTimeout(fault, cancellation))
        {
            return All(pours, new PourAnswer(Outcome.Away, Words: ConsoleReport.Printable(Reason(fault))));
        }
    }

    private async Task<PourAnswer> PostOneAsync(Pour pour, CancellationToken cancellation)
    {
        using var body = Body(pour, ClientJson.Default.Pour);
        using var answer = await PostAsync("api/beers", body, cancellation);
        var status = (int)answer.StatusCode;
        if (status == 201 || (status == 200 && WasReplayed(answer)))
        {
            // The status line alone is the acknowledgement; the body only adds the beer's id.
            var beer = (await ReadAsync(answer, ClientJson.Default.BeerAnswer, cancellation))?.Beer;
            return new PourAnswer(status == 201 ? Outcome.Acknowledged : Outcome.Replayed, beer?.Id ?? 0, Status: status);
        }

        var problem = await ReadAsync(answer, ClientJson.Default.Problem, cancellation);
        var outcome = OfStatus(status);
        if (outcome == Outcome.Refused && problem?.Title is null)
        {
            // No hub refuses without saying why: this is a proxy's answer, and says nothing about the pour.
            outcome = Outcome.Away;
        }

        return new PourAnswer(outcome, Words: Words(answer, problem), RetryAfter: RetryAfter(answer.Headers), Status: status, NamesTime: problem?.NamesTime == true);
    }

    private async Task<PourAnswer[]> PostManyAsync(IReadOnlyList<Pour> pours, CancellationToken cancellation)
    {
        using var body = Body(new PourBatch(pours), ClientJson.Default.PourBatch);
        using var answer = await PostAsync("api/beers/batch", body, cancellation);
        var status = (int)answer.StatusCode;
        var retryAfter = RetryAfter(answer.Headers);
        if (status == 200
            && await ReadAsync(answer, ClientJson.Default.BatchAnswer, cancellation) is { Results: { } results }
            && results.Count == pours.Count)
        {
            return [.. results.Select(item => OfItem(item, retryAfter))];
        }

        // 404 and 405: a hub, or something before it, that takes no batches may still take pours one by one.
        var outcome = status is 404 or 405 ? Outcome.TooMuchAtOnce : OfStatus(status);
        return All(pours, new PourAnswer(
            outcome == Outcome.Refused ? Outcome.TooMuchAtOnce : outcome,
            Words: status == 200 ? "a batch was answered with something else than its results" : Words(answer, await ReadAsync(answer, ClientJson.Default.Problem, cancellation)),
            RetryAfter: retryAfter));
    }

    private async Task<HttpResponseMessage> PostAsync(string path, HttpContent body, CancellationToken cancellation)
    {
        if (place?.Now is not { } at)
        {
            return await http.PostAsync(path, body, cancellation);
        }

        try
        {
            var answer = await http.PostAsync(new Uri(at, path), body, cancellation);
            place.Reached(at);
            return answer;
        }
        catch (Exception fault) when (fault is HttpRequestException || IsTimeout(fault, cancellation))
        {
            place.Missed(at);
            throw;
        }
    }

    // With its length, which not every proxy can do without.
    private static ByteArrayContent Body<T>(T value, JsonTypeInfo<T> type)
    {
        var body = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return body;
    }

    private static PourAnswer OfItem(BatchItem item, TimeSpan? retryAfter) => item.Status switch
    {
        201 => new PourAnswer(Outcome.Acknowledged, item.Beer?.Id ?? 0),
        200 => new PourAnswer(Outcome.Replayed, item.Beer?.Id ?? 0),
        var status => new PourAnswer(OfStatus(status), Words: Say(status, null, item.Problem), RetryAfter: retryAfter, NamesTime: item.Problem?.NamesTime == true),
    };

    private static Outcome OfStatus(int status) => status switch
    {
        400 or 409 or 413 or 415 => Outcome.Refused,
        401 or 403 => Outcome.NotAllowed,

        // 507: the hub takes no more taps now. Its operator may raise the limit, so the pour is kept.
        429 or 503 or 507 => Outcome.Busy,
        _ => Outcome.Away,
    };

    private static bool WasReplayed(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Idempotency-Replayed", out var values) && values.Contains("true", StringComparer.OrdinalIgnoreCase);

    // A date is read by the clock of who wrote it: the device's own may be years away.
    private TimeSpan? RetryAfter(HttpResponseHeaders headers) =>
        headers.RetryAfter is { } asked ? asked.Delta ?? asked.Date - (headers.Date ?? time.GetUtcNow()) : null;

    private static string Words(HttpResponseMessage answer, Problem? problem)
    {
        var moved = answer.Headers.Location is { } location ? $" to {location}" : "";
        return Say((int)answer.StatusCode, answer.ReasonPhrase + moved, problem);
    }

    private static string Say(int status, string? reason, Problem? problem)
    {
        var told = problem?.ToString();
        var words = string.IsNullOrEmpty(told) ? reason : told;
        return ConsoleReport.Printable(string.Create(CultureInfo.InvariantCulture, $"{status} {words}").TrimEnd());
    }

    // Proxies answer with pages of their own: a body that is not the expected JSON is no news beyond the status.
    private static async Task<T?> ReadAsync<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, cancellation);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static PourAnswer[] All(IReadOnlyList<Pour> pours, PourAnswer answer)
    {
        var answers = new PourAnswer[pours.Count];
        Array.Fill(answers, answer);
        return answers;
    }

    private static bool IsTimeout(Exception fault, CancellationToken cancellation) =>
        fault is OperationCanceledException && !cancellation.IsCancellationRequested;

    private static string Reason(Exception fault) => fault switch
    {
        OperationCanceledException => "no answer in time",
        { InnerException: SocketException socket } => socket.Message,
        _ => fault.Message,
    };
}
