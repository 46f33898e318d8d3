using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace BeerTap.Processes;

/// <summary>
/// An <c>EventSource</c> as the HTML standard describes it ("Server-sent events", "Processing model"): a lost connection and the end of a stream make it
/// reconnect after the time of the last <c>retry:</c>; a status other than 200 or another content type ends it for good.
/// </summary>
/// <param name="http">Follows redirects, and has no time limit.</param>
internal sealed class EventSourceClient(HttpClient http, Uri address, Action<string> heard)
{
    /// <summary>What browsers take until a stream says otherwise.</summary>
    private static readonly TimeSpan DefaultRetry = TimeSpan.FromSeconds(3);

    private TimeSpan _retry = DefaultRetry;

    /// <summary>The last <c>id:</c>, which is sent when it reconnects.</summary>
    public string LastEventId { get; private set; } = "";

    /// <summary>How many streams it was given, with those that only put it off.</summary>
    public int Opened { get; private set; }

    /// <summary>Why it is over for good; null while it lives.</summary>
    public string? Failed { get; private set; }

    /// <summary>Listens until it is told to stop, or is over for good.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (Failed is null)
        {
            try
            {
                await ConnectAsync(cancel);
                if (Failed is null)
                {
                    await Task.Delay(_retry, TimeProvider.System, cancel);
                }
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ConnectAsync(CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.CacheControl = new CacheControlHeaderValue { NoStore = true };
        if (LastEventId.Length > 0)
        {
            request.Headers.Add("Last-Event-ID", LastEventId);
        }

        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
            {
                var body = await answer.Content.ReadAsStringAsync(cancel);
                Failed = string.Create(CultureInfo.InvariantCulture, $"{(int)answer.StatusCode} {answer.Content.Headers.ContentType}: {body}");
                return;
            }

            Opened++;
            await ReadAsync(await answer.Content.ReadAsStreamAsync(cancel), cancel);
        }
        catch (Exception ex) when (ex is HttpRequestException or IOException)
        {
            // The network failed, which is no reason to end.
        }
    }

    private async Task ReadAsync(Stream stream, CancellationToken cancel)
    {
        using var lines = new StreamReader(stream);
        var id = LastEventId;
        var data = "";
        while (await lines.ReadLineAsync(cancel) is { } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var value = colon < 0 ? "" : line[(colon + 1)..].TrimStart(' ');
            switch (colon < 0 ? line : line[..colon])
            {
                case "" when line.Length == 0:
                    LastEventId = id;
                    if (data.Length > 0)
                    {
                        heard(data);
                    }

                    data = "";
                    break;
                case "id":
                    id = value;
                    break;
                case "data":
                    data += value;
                    break;
                case "retry" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds):
                    _retry = TimeSpan.FromMilliseconds(milliseconds);
                    break;
                default:
                    // A comment, or a field that the standard ignores.
                    break;
            }
        }
    }
}
