using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Replication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>A hub on a real port with a real store in a folder of its own; can be stopped and started again on the same store.</summary>
internal sealed class HubUnderTest : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
    private readonly string[] _settings;
    private readonly TimeProvider? _time;
    private WebApplication? _app;

    private HubUnderTest(string[] settings, TimeProvider? time) => (_settings, _time) = (settings, time);

    public HttpClient Http { get; private set; } = null!;

    /// <summary>The hub's address as <c>http://127.0.0.1:port</c>.</summary>
    public Uri Address => Http.BaseAddress!;

    public string Folder => _folder;

    /// <summary>The port of the address that takes TLS, where one was asked for.</summary>
    public int TlsPort => new Uri(_app!.Urls.Single(url => url.StartsWith("https:", StringComparison.Ordinal))).Port;

    public IServiceProvider Services => _app!.Services;

    /// <param name="settings">As on the command line, such as <c>--Reports:EveryBeers=3</c>.</param>
    public static Task<HubUnderTest> StartAsync(params string[] settings) => StartAsync(time: null, settings);

    /// <param name="time">The clock it goes by; the system's when null.</param>
    public static async Task<HubUnderTest> StartAsync(TimeProvider? time, params string[] settings)
    {
        var hub = new HubUnderTest(settings, time);
        await hub.StartAgainAsync();
        return hub;
    }

    public Uri SocketAddress(string pathAndQuery) => TestSocket.Address(Address, pathAndQuery);

    /// <summary>Stops the hub in order and starts it on the same store and another port.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAgainAsync();
    }

    public async Task StopAsync()
    {
        Http.Dispose();
        if (_app is null) return;
        await _app.StopAsync();
        await _app.DisposeAsync();
        _app = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Pours a beer and gives it back as JSON.</summary>
    public async Task<JsonObject> PourAsync(int tapId = 1, double volume = 500, string? pourId = null)
    {
        using var answer = await Http.PostAsJsonAsync("/api/beers", new { tapId, volume, pourId });
        Assert.True(answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.JsonAsync())["beer"]!.AsObject();
    }

    public async Task<JsonObject> GetAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.JsonAsync();
    }

    /// <summary>Waits until the hub counts so many listeners.</summary>
    public async Task UntilConnectionsAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var feed = Services.GetRequiredService<Feed>();
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (feed.Subscribers != count) await poll.WaitForNextTickAsync(patience.Token);
    }

    private async Task StartAgainAsync()
    {
        string[] args = ["--urls=http://127.0.0.1:0", $"--Storage:Path={_folder}", "--Logging:Level=Fatal", .. SharedLog.SettingsFor(_folder), .. _settings];
        _app = await Program.BuildAsync(args, _time);
        await _app.StartAsync();
        if (_app.Services.GetService<LogStatus>() is { } log)
        {
            await Eventually.HoldsAsync(() => log.KnowsKeys || log.Fatal is not null, "the hub does not catch up with its log and hear of its keys");
            if (log.Fatal is { } fatal) throw fatal;
        }

        // A hub on every interface is asked on this machine's own.
        // And every answer is held against the description of the API.
        var address = _app.Urls.Single(url => url.StartsWith("http:", StringComparison.Ordinal)).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        Http = new HttpClient(new AnswerCheck(await ApiDescription.OfAsync(Services)) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = new Uri(address) };
    }
}

internal static class AnswerExtensions
{
    public static async Task<JsonObject> JsonAsync(this HttpResponseMessage answer) =>
        JsonSerializer.Deserialize<JsonObject>(await answer.Content.ReadAsStringAsync())!;

    public static HttpContent AsJson(this string body) => new StringContent(body, System.Text.Encoding.UTF8, "application/json");
}
