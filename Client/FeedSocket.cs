using System.Globalization;
using System.Net;
using System.Net.WebSockets;

namespace BeerTap.Client;

/// <summary>Opens a WebSocket to the hub, and says in the hub's words why when it cannot.</summary>
internal static class FeedSocket
{
    /// <summary>A hub that vanished without a word is noticed after two of these.</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static async Task<ClientWebSocket> OpenAsync(Uri address, string? subProtocol, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.KeepAliveInterval = KeepAlive;
            socket.Options.KeepAliveTimeout = KeepAlive;
            if (subProtocol is not null)
            {
                socket.Options.AddSubProtocol(subProtocol);
            }

            await socket.ConnectAsync(address, cancellation);
            socket.HttpResponseHeaders = null;
            return socket;
        }
        catch (WebSocketException fault)
        {
            using (socket)
            {
                throw socket.HttpStatusCode is 0 or HttpStatusCode.SwitchingProtocols
                    ? new IOException(Innermost(fault), fault)
                    : new FeedRefusedException(socket.HttpStatusCode, RetryAfter(socket));
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Only the form in seconds: a proxy's date says nothing more precise than a back-off does.
    private static TimeSpan? RetryAfter(ClientWebSocket socket)
    {
        IEnumerable<string>? values = null;
        socket.HttpResponseHeaders?.TryGetValue("Retry-After", out values);
        return int.TryParse(values?.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;
    }

    private static string Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message;
    }
}
