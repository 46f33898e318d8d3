using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace BeerTap.Bench.Peers;

internal sealed record ControlPour(int TapId, double Volume);

internal sealed record ControlBeer(long Id, string Type, double Volume, DateTimeOffset Timestamp, int TapId);

internal sealed record ControlAnswer(ControlBeer Beer);

internal sealed record ControlEvent(string Event, string Position, ControlBeer Beer);

[JsonSerializable(typeof(ControlPour))]
[JsonSerializable(typeof(ControlAnswer))]
[JsonSerializable(typeof(ControlEvent))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class ControlJson : JsonSerializerContext;

/// <summary>
/// What one would write first: Kestrel that reads a pour and answers a beer, without a store; and the same that also tells all clients of a SignalR hub.
/// The bench starts it as a process of its own.
/// </summary>
internal static class ControlServer
{
    public const string Command = "control", HubPath = "/hubs/taps", PlainPath = "/api/beers", BroadcastPath = "/broadcast/beers";

    private static long _id;

    public static async Task<int> RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [$"--urls=http://127.0.0.1:{port}"], ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ControlJson.Default));
        builder.Services.AddSignalR().AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, ControlJson.Default));
        await using var server = builder.Build();
        server.UseWebSockets();
        server.MapPost(PlainPath, (ControlPour pour) => Created(Pour(pour)));
        server.MapPost(BroadcastPath, BroadcastAsync);
        server.MapHub<ControlHub>(HubPath);
        await server.RunAsync();
        return 0;
    }

    private static async Task<Created<ControlAnswer>> BroadcastAsync(ControlPour pour, IHubContext<ControlHub> hub)
    {
        var beer = Pour(pour);
        await hub.Clients.All.SendAsync("beerPoured", new ControlEvent("beerPoured", $"k3x9q2ab-{beer.Id}", beer));
        return Created(beer);
    }

    private static ControlBeer Pour(ControlPour pour) =>
        new(Interlocked.Increment(ref _id), pour.Volume <= 300 ? "half" : pour.Volume <= 800 ? "pint" : "stein", pour.Volume, TimeProvider.System.GetUtcNow(), pour.TapId);

    private static Created<ControlAnswer> Created(ControlBeer beer) => TypedResults.Created($"/api/beers/{beer.Id}", new ControlAnswer(beer));
}

internal sealed class ControlHub : Microsoft.AspNetCore.SignalR.Hub;
