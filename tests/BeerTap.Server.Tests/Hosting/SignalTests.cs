using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using BeerTap.Processes;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>What a terminal and a service manager send to the hub, and outputs that nobody reads.</summary>
public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(ShellProgram.Terminate)]
    [InlineData(ShellProgram.Interrupt)]
    [InlineData(ShellProgram.Quit)]
    [InlineData(ShellProgram.HangUp)]
    public async Task ASignalThatEndsTheHubDrainsItFirst(int signal)
    {
        await using var hub = await ShellHub.StartAsync("exec \"$@\"");
        await using var listener = await Listener.ConnectAsync("websocket", hub.Address);
        hub.Program.Send(signal);
        Assert.Equal("draining", (string?)(await listener.NextAsync("closing"))["reason"]);
        await listener.UntilClosedAsync();
        Assert.Equal(0, await hub.Program.EndedAsync(Patience));
    }

    [Fact]
    public async Task AHubUnderNohupIgnoresTheEndOfItsTerminal()
    {
        await using var hub = await ShellHub.StartAsync("trap '' HUP; exec \"$@\"");
        await using var listener = await Listener.ConnectAsync("websocket", hub.Address);
        hub.Program.Send(ShellProgram.HangUp);
        await hub.PourAsync();
        await listener.NextAsync("beerPoured");
        Assert.False(hub.Program.HasEnded);
        hub.Program.Send(ShellProgram.Terminate);
        await listener.UntilClosedAsync();
        Assert.Equal(0, await hub.Program.EndedAsync(Patience));
    }

    [Theory]
    [InlineData(ShellProgram.Terminate)]
    [InlineData(ShellProgram.Interrupt)]
    [InlineData(ShellProgram.HangUp)]
    public async Task ALaterSignalEndsAHubThatStillWaits(int signal)
    {
        await using var hub = await ShellHub.StartAsync("exec \"$@\"", "--Limits:BodyBytesPerSecond=0", "--Live:DrainTimeout=00:01:00");

        // A request whose body does not come keeps the hub until its stop is forced, in more than a minute.
        using var slow = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await slow.SayAsync($"POST /api/beers HTTP/1.1\r\nHost: {hub.Address.Authority}\r\nContent-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
        await slow.HearAsync("100 Continue");
        await Until.IsSoAsync(
            () =>
            {
                hub.Program.Send(signal);
                return Task.FromResult(hub.Program.HasEnded);
            },
            "the hub has ended",
            TimeSpan.FromSeconds(30),
            default);
        Assert.Equal(128 + signal, await hub.Program.EndedAsync(Patience));
    }

    [Theory]
    [InlineData("exec \"$@\" >&-")]
    [InlineData("exec \"$@\" >&- 2>&- <&-")]
    [InlineData("exec \"$@\" > >(head -n 1 >/dev/null)")]
    [InlineData("exec \"$@\" >/dev/full 2>/dev/full")]
    public async Task AHubWhoseOutputIsClosedServesAndStopsInOrder(string script)
    {
        await using var hub = await ShellHub.StartAsync(script, "--Logging:Level=Information");
        for (var i = 0; i < 50; i++)
        {
            await hub.PourAsync();
        }

        hub.Program.Send(ShellProgram.Terminate);
        Assert.Equal(0, await hub.Program.EndedAsync(Patience));
    }

    private sealed class ShellHub : IAsyncDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
        private readonly HttpClient _http = new() { BaseAddress = FreeAddress() };

        private ShellHub(string script, string[] settings) =>
            Program = new ShellProgram(script, "BeerTap.Server.dll", [$"--urls={Address}", $"--Storage:Path={_folder}", "--Logging:Level=Warning", .. settings]);

        public Uri Address => _http.BaseAddress!;

        public ShellProgram Program { get; }

        /// <summary>Starts a hub and waits until it is ready.</summary>
        public static async Task<ShellHub> StartAsync(string script, params string[] settings)
        {
            var hub = new ShellHub(script, settings);
            await Until.IsSoAsync(
                async () => hub.Program.HasEnded ? throw new InvalidOperationException($"the hub ended: {hub.Program.Output}") : await Until.AnswersAsync(hub._http, "/health/ready", default),
                "the hub is ready",
                Patience,
                default);
            return hub;
        }

        public async Task PourAsync()
        {
            using var answer = await _http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 500 });
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }

        public async ValueTask DisposeAsync()
        {
            await Program.DisposeAsync();
            _http.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private static Uri FreeAddress()
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            return new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
        }
    }
}
