using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace BeerTap.Client.Tests.Fakes;

/// <summary>A hub on a real port that answers like the real one, unless a test tells it otherwise.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeHub(WebApplication app, FakeLog log)
    {
        _app = app;
        Log = log;
    }

    public FakeLog Log { get; }

    public Uri Address { get; private set; } = null!;

    /// <summary>Every call to the intake: how many pours it brought.</summary>
    public ConcurrentQueue<IReadOnlyList<Pour>> Calls { get; } = [];

    public IEnumerable<Pour> Pours => Calls.SelectMany(call => call);

    /// <summary>Answers for the next calls to the intake, before it goes on as usual.</summary>
    public ConcurrentQueue<Func<HttpContext, Task>> Next { get; } = [];

    /// <summary>A status other than 201 for some pours; null: taken.</summary>
    public Func<Pour, int?> Refuse { get; set; } = _ => null;

    /// <summary>Refuses each pour that has a time, as a hub of an earlier version does whose clock is far behind.</summary>
    public bool RefuseTimes { get; set; }

    /// <summary>The key that every call must have; null: none.</summary>
    public Func<string?> Key { get; set; } = () => null;

    /// <summary>An HTTP status for whoever wants to listen; null: welcome.</summary>
    public Func<HttpContext, int?> RefuseListener { get; set; } = _ => null;

    private static Problem BadTime => new("Some fields are not valid.", null, new Dictionary<string, string[]> { ["pouredAt"] = ["is more than a day ahead of the hub's clock."] });

    public static async Task<FakeHub> StartAsync(FakeLog? log = null, Uri? address = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address?.ToString() ?? "http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        builder.Services.AddSignalR();
        var fake = log ?? new FakeLog();
        builder.Services.AddSingleton(fake);
        var app = builder.Build();
        var hub = new FakeHub(app, fake);
        app.UseWebSockets();
        app.Use(hub.GuardAsync);
        app.MapPost("/api/beers", hub.PostOneAsync);
        app.MapPost("/api/beers/batch", hub.PostManyAsync);
        app.MapGet("/api/events/stream", FakeFeeds.SseAsync);
        app.MapGet("/sockets/beers", FakeFeeds.WebSocketAsync);
        app.MapHub<FakeTapHub>("/hubs/taps");
        await app.StartAsync();
        hub.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First() + "/");
        return hub;
    }

    /// <summary>An address where no hub listens yet.</summary>
    public static async Task<Uri> FreeAddressAsync()
    {
        await using var hub = await StartAsync();
        return hub.Address;
    }

    public static Func<HttpContext, Task> Status(int status, params (string Name, string Value)[] headers) => async context =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers) context.Response.Headers[name] = value;
        await context.Response.WriteAsJsonAsync(new Problem("No", "because", null), ClientJson.Default.Problem, "application/problem+json");
    };

    public async ValueTask DisposeAsync()
    {
        Log.HangUp();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var listens = !context.Request.Path.StartsWithSegments("/api/beers");
        var sent = context.Request.Headers["X-Api-Key"].ToString() is { Length: > 0 } header ? header : context.Request.Query["access_token"].ToString();
        if (Key() is { } key && sent != key) await Status(401)(context);
        else if (listens && RefuseListener(context) is { } status) await Status(status, ("Retry-After", "1"))(context);
        else await next(context);
    }

    private async Task PostOneAsync(HttpContext context)
    {
        var pour = (await context.Request.ReadFromJsonAsync(ClientJson.Default.Pour))!;
        Calls.Enqueue([pour]);
        if (Next.TryDequeue(out var answer))
        {
            await answer(context);
        }
        else if (RefuseTimes && pour.PouredAt is not null)
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsJsonAsync(BadTime, ClientJson.Default.Problem, "application/problem+json");
        }
        else if (Refuse(pour) is { } refused)
        {
            await Status(refused)(context);
        }
        else
        {
            var (beer, replayed) = Log.Pour(pour);
            context.Response.StatusCode = replayed ? 200 : 201;
            if (replayed) context.Response.Headers["Idempotency-Replayed"] = "true";
            await context.Response.WriteAsJsonAsync(new BeerAnswer(beer), ClientJson.Default.BeerAnswer);
        }
    }

    private async Task PostManyAsync(HttpContext context)
    {
        var batch = (await context.Request.ReadFromJsonAsync(ClientJson.Default.PourBatch))!;
        Calls.Enqueue(batch.Beers);
        if (Next.TryDequeue(out var answer))
        {
            await answer(context);
            return;
        }

        await context.Response.WriteAsJsonAsync(new BatchAnswer([.. batch.Beers.Select(Item)]), ClientJson.Default.BatchAnswer);

        BatchItem Item(Pour pour)
        {
            if (RefuseTimes && pour.PouredAt is not null) return new BatchItem(400, null, BadTime);
            if (Refuse(pour) is { } refused) return new BatchItem(refused, null, new Problem("No", "because", null));
            var (beer, replayed) = Log.Pour(pour);
            return new BatchItem(replayed ? 200 : 201, beer, null);
        }
    }
}

internal sealed class FakeTapHub(FakeLog log, IHubContext<FakeTapHub> everywhere) : Hub
{
    public override Task OnConnectedAsync()
    {
        var context = Context;
        var client = everywhere.Clients.Client(context.ConnectionId);
        var events = log.Listen(FakeFeeds.Of(context.GetHttpContext()!));
        _ = Task.Run(async () =>
        {
            try
            {
                await foreach (var entry in events.ReadAllAsync(context.ConnectionAborted)) await client.SendAsync((string)entry["event"]!, entry, context.ConnectionAborted);
                context.Abort();
            }
            catch (OperationCanceledException)
            {
                // The client left.
            }
            finally
            {
                log.Leave(events);
            }
        });
        return Task.CompletedTask;
    }
}
