using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace BeerTap.Client.Tests.Fakes;

/// <summary>The two feeds that are not SignalR.</summary>
internal static class FakeFeeds
{
    public static Listener Of(HttpContext context)
    {
        var query = context.Request.Query;
        return new Listener(context.Request.Path, query["tapId"], query["after"], (string?)query["access_token"] ?? context.Request.Headers["X-Api-Key"]);
    }

    public static async Task SseAsync(HttpContext context, FakeLog log)
    {
        var events = log.Listen(Of(context));
        try
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(": hello\n\n");
            await foreach (var entry in events.ReadAllAsync(context.RequestAborted))
            {
                var id = (string?)entry["position"] is { } position ? $"id: {position}\n" : "";
                await context.Response.WriteAsync($"{id}event: {(string?)entry["event"]}\ndata: {entry.ToJsonString()}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client left.
        }
        finally
        {
            log.Leave(events);
        }
    }

    public static async Task WebSocketAsync(HttpContext context, FakeLog log)
    {
        if (!context.WebSockets.WebSocketRequestedProtocols.Contains(WebSocketFeed.SubProtocol))
        {
            context.Response.StatusCode = 400;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(WebSocketFeed.SubProtocol);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var events = log.Listen(Of(context));
        var receiving = ReceiveAsync(socket, left);
        try
        {
            while (await events.WaitToReadAsync(left.Token)) await SendWaitingAsync(socket, events, left.Token);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, left.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or WebSocketException)
        {
            // The client left.
        }
        finally
        {
            log.Leave(events);
        }

        await receiving;
    }

    // All that waits in one message, in fragments of a size that cuts events anywhere.
    private static async Task SendWaitingAsync(WebSocket socket, ChannelReader<JsonObject> events, CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (events.TryRead(out var entry)) lines.Add(entry.ToJsonString());
        var message = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        for (var sent = 0; sent < message.Length; sent += 1000)
        {
            var part = message.AsMemory(sent, Math.Min(1000, message.Length - sent));
            await socket.SendAsync(part, WebSocketMessageType.Text, sent + part.Length == message.Length, cancellation);
        }
    }

    private static async Task ReceiveAsync(WebSocket socket, CancellationTokenSource left)
    {
        try
        {
            while ((await socket.ReceiveAsync(new byte[100].AsMemory(), left.Token)).MessageType != WebSocketMessageType.Close)
            {
            }

            if (socket.State == WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, left.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or WebSocketException)
        {
            // The client left without a word.
        }

        await left.CancelAsync();
    }
}
