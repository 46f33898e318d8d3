using System.Net;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;
using Microsoft.AspNetCore.Builder;

namespace BeerTap.Server.Tests.Replication;

/// <summary>A hub that has a store and runs, but has not read the log to its end since it started: here its broker is away.</summary>
public sealed class CatchingUpTests : IAsyncLifetime, IDisposable
{
    private const string Pour = """{"tapId":1,"volume":500}""";

    private HubUnderTest _before = null!;
    private WebApplication _hub = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _before = await HubUnderTest.StartAsync();
        await _before.PourAsync();
    }

    [Theory]
    [InlineData("POST", "/api/beers", Pour)]
    [InlineData("DELETE", "/api/beers/1", null)]
    [InlineData("GET", "/api/events/stream?tapId=1", null)]
    public async Task ItDoesNotSay401ToWhoMayNeedNoKey(string method, string path, string? body)
    {
        await RestartWithoutItsLogAsync();
        await SaysNotCaughtUpAsync(method, path, body);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/api/beers/1")).StatusCode);
    }

    [Fact]
    public async Task ItDoesNotSay401ToAKeyThatItMayHearOf()
    {
        await _before.KeyAsync(Role.Operator);
        await RestartWithoutItsLogAsync();
        _http.DefaultRequestHeaders.Add("X-Api-Key", KeyText.New());
        await SaysNotCaughtUpAsync("GET", "/api/beers/1", null);
        await SaysNotCaughtUpAsync("POST", "/api/beers", Pour);
    }

    [Fact]
    public async Task ItKnowsTheKeysThatItHad()
    {
        var key = (await _before.KeyAsync(Role.Viewer)).Text;
        await RestartWithoutItsLogAsync("--Security:Reading=keys");
        await SaysNotCaughtUpAsync("GET", "/api/beers/1", null);
        _http.DefaultRequestHeaders.Add("X-Api-Key", key);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/api/beers/1")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.DeleteAsync("/api/beers/1")).StatusCode);
    }

    public async Task DisposeAsync()
    {
        await _hub.StopAsync();
        await _hub.DisposeAsync();
        await _before.DisposeAsync();
    }

    public void Dispose() => _http.Dispose();

    private async Task RestartWithoutItsLogAsync(params string[] settings)
    {
        await _before.StopAsync();
        _hub = await Program.BuildAsync(
            [
                "--urls=http://127.0.0.1:0", $"--Storage:Path={_before.Folder}", "--Logging:Level=Fatal", "--Log:Provider=RabbitMq", "--Log:ConnectionString=amqp://127.0.0.1:1",
                .. settings,
            ]);
        await _hub.StartAsync();
        _http = new HttpClient { BaseAddress = new Uri(_hub.Urls.Single()) };
    }

    private async Task SaysNotCaughtUpAsync(string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body?.AsJson() };
        using var answer = await _http.SendAsync(request);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("not-caught-up", await answer.ProblemAsync());
        Assert.NotNull(answer.Headers.RetryAfter);
    }
}
