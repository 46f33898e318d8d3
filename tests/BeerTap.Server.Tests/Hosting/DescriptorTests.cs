using System.Globalization;
using System.Net;
using BeerTap.Processes;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>A hub whose process may open few files and sockets.</summary>
public sealed class DescriptorTests
{
    [Fact]
    public async Task AHubThatMayOpenTooFewFilesSaysSoAndDoesNotStart()
    {
        await using var hub = new HubProcess { Launcher = Within(400) };
        var refused = await Assert.ThrowsAsync<HubEndedException>(hub.StartAsync);
        Assert.Contains("The process may open 400 files and sockets; the hub needs at least 512", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHubOutlivesMoreConnectionsThanItMayOpenAndTakesNewOnesWhenTheyAreGone()
    {
        const int Files = 1024;
        var said = new List<string>();
        await using var hub = new HubProcess
        {
            Launcher = Within(Files),
            Said = line =>
            {
                lock (said) said.Add(line);
            },
        };
        await hub.StartAsync();
        using var tap = await RawClient.ConnectAsync(hub.Address, IPAddress.Loopback);
        await PourAsync(tap);

        var idle = new List<RawClient>();
        for (var i = 0; i < Files + 200; i++)
        {
            if (await RawClient.TryConnectAsync(hub.Address, new IPAddress([127, 0, 0, (byte)(2 + (i % 8))])) is { } client) idle.Add(client);
        }

        for (var i = 0; i < 20; i++) await PourAsync(tap);

        // A connection is open for its client before the hub has taken it.
        await Security.Keyed.UntilAsync(async () => await StatusOfConnectionsAsync(tap) == "degraded");
        await tap.HearAsync($"\"reason\":\"{Files - 400} connections from");
        lock (said)
        {
            Assert.Contains(said, line => line.Contains("The process may open 1024 files and sockets, so the hub takes at most 624 connections, 546 of them listeners", StringComparison.Ordinal));
            Assert.Single(said, line => line.Contains("The hub is full", StringComparison.Ordinal));
        }

        foreach (var client in idle) client.Reset();
        using var http = new HttpClient { BaseAddress = hub.Address };
        await Security.Keyed.UntilAsync(async () => await AnswersAsync(http));
    }

    private static string[] Within(int files) => ["sh", "-c", string.Create(CultureInfo.InvariantCulture, $"ulimit -n {files} && \"$@\"; exit $?"), "sh"];

    private static async Task PourAsync(RawClient tap)
    {
        await tap.SayAsync("POST /api/beers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{\"tapId\":1,\"volume\":500.0}");
        await tap.HearAsync("HTTP/1.1 201");
    }

    private static async Task<string> StatusOfConnectionsAsync(RawClient client)
    {
        await client.SayAsync("GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await client.HearAsync("\"connections\":{\"status\":\"");
        return (await client.HearAsync("\""))[..^1];
    }

    private static async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync("/health/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
