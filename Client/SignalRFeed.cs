using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace BeerTap.Client;

/// <summary>
/// The feed over SignalR. Every attempt builds a new connection, because the position to resume from is part of its
/// address; SignalR's own reconnect would ask for the old one.
/// </summary>
internal sealed class SignalRFeed(FeedTarget target, SemaphoreSlim connecting, HubSighting hub, IReport report, TimeProvider time)
    : LiveFeed(target, connecting, hub, report, time)
{
    protected override (string Scheme, string Path) Endpoint => ("ws", "hubs/taps");

    protected override async Task ListenAsync(Uri address, CancellationToken stopping, CancellationToken abort)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var hub = Build(address);
        hub.Closed += fault =>
        {
            _ = fault is null ? ended.TrySetResult() : ended.TrySetException(AsLostConnection(fault));
            return Task.CompletedTask;
        };
        foreach (var name in FeedEvent.Names)
        {
            _ = Tells
                ? hub.On<FeedEvent>(name, heard => HearOrEnd(heard, ended))
                : hub.On<CountedEvent>(name, heard => HearOrEnd(heard.ToEvent(), ended));
        }

        _ = hub.On<EventHead>(EveryEventProtocol.Otherwise, heard => HearOrEnd(heard.ToEvent(), ended));

        try
        {
            await hub.StartAsync(abort);
        }
        catch (Exception fault) when (fault is HubException or InvalidOperationException)
        {
            throw AsLostConnection(fault);
        }

        using var asked = CancellationTokenSource.CreateLinkedTokenSource(stopping, abort);
        await using var end = asked.Token.UnsafeRegister(static (source, token) => ((TaskCompletionSource)source!).TrySetCanceled(token), ended);
        await ended.Task;
    }

    // SignalR logs what a handler throws and goes on; an event that cannot be taken must end the connection instead.
    private void HearOrEnd(FeedEvent heard, TaskCompletionSource ended)
    {
        try
        {
            Hear(heard);
        }
        catch (InvalidDataException fault)
        {
            ended.TrySetException(fault);
        }
    }

    private static HubConnection Build(Uri address)
    {
        var builder = new HubConnectionBuilder();
        builder.Services.AddSingleton<IConnectionFactory, SocketConnectionFactory>();
        builder.Services.AddSingleton<EndPoint>(new UriEndPoint(address));
        var json = new JsonHubProtocol(Options.Create(new JsonHubProtocolOptions { PayloadSerializerOptions = ClientJson.Default.Options }));
        builder.Services.AddSingleton<IHubProtocol>(new EveryEventProtocol(json, FeedEvent.Names));
        return builder.Build();
    }

    private static IOException AsLostConnection(Exception fault) => fault as IOException ?? new IOException(fault.Message, fault);
}
