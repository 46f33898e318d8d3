using System.Net;
using BeerTap.Processes;
using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Security;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>A hub is sent away by an operator, and its listeners to where the operator says.</summary>
public sealed class DrainTests
{
    /// <summary>A hub that sends its listeners elsewhere stays for as long as they may be away.</summary>
    private const string Short = "--Live:DrainSpread=00:00:01";

    public static TheoryData<string> Transports => [.. Listener.JsonTransports];

    [Theory, MemberData(nameof(Transports))]
    public async Task ListenersAreToldWhereToGo(string transport)
    {
        var (hub, key) = await Keyed.StartAsync(Short);
        await using var _ = hub;
        await using var listener = await Listener.ConnectAsync(transport, hub, key: key);
        using var answer = await hub.SendAsync("POST", "/api/drain", key, """{"to":"https://bar2.example/tap \"7\""}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var said = await answer.JsonAsync();
        Assert.Equal(("draining", "https://bar2.example/tap%20%227%22", 1), ((string?)said["status"], (string?)said["to"], (int?)said["connections"]));

        var last = Assert.Single(await listener.UntilClosedAsync());
        Assert.Equal(("closing", "draining", "https://bar2.example/tap%20%227%22"), ((string?)last["event"], (string?)last["reason"], (string?)last["to"]));
        Assert.InRange((int)last["retryAfterMs"]!, 0, 1000);
    }

    [Theory, MemberData(nameof(Transports))]
    public async Task AListenerThatWasAwayIsToldWhenItComesBack(string transport)
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        Assert.Equal(202, await hub.StatusAsync("POST", "/api/drain", key, """{"to":"https://bar2.example"}"""));
        await using var listener = await Listener.ConnectAsync(transport, hub, key: key);
        var last = Assert.Single(await listener.UntilClosedAsync());
        Assert.Equal(("closing", "https://bar2.example/"), ((string?)last["event"], (string?)last["to"]));
    }

    [Fact]
    public async Task WithoutToNothingIsSaidOfAnotherPlace()
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        await using var listener = await Listener.ConnectAsync("sse", hub, key: key);
        Assert.Equal(202, await hub.StatusAsync("POST", "/api/drain", key, "{}"));
        var last = Assert.Single(await listener.UntilClosedAsync());
        Assert.False(last.ContainsKey("to"));
    }

    [Fact]
    public async Task TheHubIsNotReadyAtOnceAndStops()
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        var stopping = new TaskCompletionSource();
        hub.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        Assert.Equal(202, await hub.StatusAsync("POST", "/api/drain", key, """{"to":null}"""));
        Assert.Equal(503, await hub.StatusAsync("GET", "/health/ready", key));
        await stopping.Task.WaitAsync(Listener.Patience);
    }

    [Theory]
    [InlineData("""{"to":"bar2"}""")]
    [InlineData("""{"to":"ftp://bar2.example"}""")]
    [InlineData("""{"to":"javascript:alert(1)"}""")]
    [InlineData("""{"to":"https://boss:secret@bar2.example"}""")]
    [InlineData("""{"to":"https://bar2.example/?a=1"}""")]
    [InlineData("""{"to":7}""")]
    [InlineData("""{"too":"https://bar2.example"}""")]
    [InlineData("""{"to":"https://a.example","to":"https://b.example"}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public async Task AnAddressThatIsNoneIsRefusedAndTheHubStays(string body)
    {
        var (hub, key) = await Keyed.StartAsync();
        await using var _ = hub;
        Assert.Equal(400, await hub.StatusAsync("POST", "/api/drain", key, body));
        Assert.Equal(200, await hub.StatusAsync("GET", "/health/ready", key));
    }

    [Fact]
    public async Task OnAnOpenHubNobodyMay()
    {
        await using var hub = await HubUnderTest.StartAsync();
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/drain", body: "{}"));
        Assert.Equal(200, await hub.StatusAsync("GET", "/health/ready"));
    }

    [Fact]
    public async Task TheCommandSendsAHubAwayAndItEndsWell()
    {
        await using var hub = new HubProcess();
        var (_, key) = await new KeyFile(hub.Folder, TimeProvider.System).AddAsync(new KeyWish(Role.Operator, null, null), default);
        var (_, viewer) = await new KeyFile(hub.Folder, TimeProvider.System).AddAsync(new KeyWish(Role.Viewer, null, null), default);
        await hub.StartAsync();
        await using var listener = await Listener.ConnectAsync("websocket", hub.Address);
        Assert.Equal(1, await CommandAsync("--hub", hub.Address.ToString(), "--key", viewer));
        Assert.Equal(2, await CommandAsync("--hub", hub.Address.ToString(), "--key", key, "--to", "bar2"));
        Assert.Equal(2, await CommandAsync("--hub", "http://127.0.0.1:1", "--key", key));
        Assert.Equal(2, await CommandAsync("--hub", hub.Address.ToString(), "--key"));
        Assert.Equal(2, await CommandAsync("--now"));

        Assert.Equal(0, await CommandAsync($"--hub={hub.Address}", $"--key={key}", "--to=http://127.0.0.1:9"));
        Assert.Equal("http://127.0.0.1:9/", (string?)Assert.Single(await listener.UntilClosedAsync())["to"]);

        // The last one has gone; the hub is still there for one that was away.
        await using var late = await Listener.ConnectAsync("sse", hub.Address);
        Assert.Equal("http://127.0.0.1:9/", (string?)Assert.Single(await late.UntilClosedAsync())["to"]);
        Assert.Equal(0, await hub.EndedAsync());
    }

    private static async Task<int> CommandAsync(params string[] words)
    {
        using var answer = new StringWriter();
        using var said = new StringWriter();
        return await DrainCommand.RunAsync(words, answer, said);
    }
}
