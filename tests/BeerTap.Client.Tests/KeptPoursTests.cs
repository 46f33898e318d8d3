using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using BeerTap.Client.Tests.Fakes;
using Microsoft.AspNetCore.Http;
using Xunit.Abstractions;

namespace BeerTap.Client.Tests;

/// <summary>The client never loses a pour: the hub has it, or a file has it, or the end of the run names it and the exit code says so.</summary>
public sealed class KeptPoursTests(ITestOutputHelper output) : IDisposable
{
    private readonly Heard _heard = new();
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _asked = new();

    private string SpoolPath => _folder.File("taps.spool");

    public void Dispose()
    {
        _heard.Dispose();
        _folder.Dispose();
        _asked.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task APourWhoseTimeAHubRefusesIsSentWithoutItsTime(int left)
    {
        await KeepAsync(left);
        await using var hub = await FakeHub.StartAsync();
        hub.RefuseTimes = true;
        Assert.Equal(0, await RunAsync(new ClientOptions { Server = hub.Address, Count = 3, Every = TimeSpan.Zero, SpoolFile = SpoolPath }));
        Assert.Equal(left + 3, hub.Log.Head);
        Assert.Equal(left + 3, _heard.Count("refuses the time of the pour"));
        Assert.Empty(await LeftAsync());
    }

    [Fact]
    public async Task APourThatIsRefusedForMoreThanItsTimeIsRefusedOnceAndKeptWithItsTime()
    {
        await KeepAsync(1);
        await using var hub = await FakeHub.StartAsync();
        hub.RefuseTimes = true;
        hub.Refuse = _ => 400;
        Assert.Equal(1, await RunAsync(new ClientOptions { Server = hub.Address, FirstTap = 9, Count = 1, Every = TimeSpan.Zero, SpoolFile = SpoolPath }));
        Assert.Equal(4, hub.Calls.Count);
        Assert.Contains("1970-01-01T00:00:00Z", await File.ReadAllTextAsync(SpoolPath + ".rejected"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(409)]
    [InlineData(413)]
    [InlineData(415)]
    public async Task AProxysRefusalIsNotTheHubsWordAndThePourIsSentAgain(int status)
    {
        await using var hub = await FakeHub.StartAsync();
        hub.Next.Enqueue(async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<html>Bad gateway of the WLAN</html>");
        });
        Assert.Equal(0, await RunAsync(new ClientOptions { Server = hub.Address, Count = 1, Every = TimeSpan.Zero }));
        Assert.Equal((2, 1), (hub.Calls.Count, hub.Log.Head));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(409)]
    public async Task APourThatIsRefusedForGoodIsKeptBesideTheSpoolAndHoldsUpNoOther(int status)
    {
        await KeepAsync(5);
        await using var hub = await FakeHub.StartAsync();
        hub.Refuse = pour => pour.PourId == "left-2" ? status : null;
        Assert.Equal(1, await RunAsync(new ClientOptions { Server = hub.Address, FirstTap = 9, Count = 1, Every = TimeSpan.Zero, SpoolFile = SpoolPath }));
        Assert.Equal(5, hub.Log.Head);
        Assert.Empty(await LeftAsync());
        var rejected = JsonSerializer.Deserialize((await File.ReadAllLinesAsync(SpoolPath + ".rejected")).Single(), ClientJson.Default.RejectedPour)!;
        Assert.Equal(("left-2", $"{status} No; because"), (rejected.Pour.PourId, rejected.Why));
        Assert.Equal(1, _heard.Count($"refused by the hub: 1 pour, kept in {SpoolPath}.rejected"));

        // The next run has nothing to do with it.
        hub.Refuse = _ => null;
        Assert.Equal(0, await RunAsync(new ClientOptions { Server = hub.Address, FirstTap = 9, Count = 1, Every = TimeSpan.Zero, SpoolFile = SpoolPath }));
        Assert.Equal(6, hub.Log.Head);
    }

    [Fact]
    public async Task WithoutASpoolEveryPourThatIsNotStoredIsNamedAtTheEnd()
    {
        await using var hub = await FakeHub.StartAsync();
        var tried = new ConcurrentDictionary<string, int>();
        hub.Refuse = pour => tried.TryAdd(pour.PourId, tried.Count) && tried.Count == 1 ? 409 : 503;
        var running = RunAsync(new ClientOptions { Server = hub.Address, Every = TimeSpan.FromMilliseconds(20) });
        await Until.TrueAsync(() => tried.Count >= 2, "two pours are tried");
        await _asked.CancelAsync();
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(20)));
        var named = _heard.Lines.SkipWhile(line => !line.Contains("not stored by the hub:", StringComparison.Ordinal)).Skip(1).ToList();
        Assert.All(tried, pour => Assert.Contains(named, line => line.Contains(pour.Key, StringComparison.Ordinal)));
        Assert.Contains(named, line => line.Contains("refused (409", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AKeyFileThatIsReplacedIsReadWhenTheOldKeyIsRevoked()
    {
        var key = _folder.File("tap.key");
        await File.WriteAllTextAsync(key, "old\n");
        await using var hub = await FakeHub.StartAsync();
        var valid = "old";
        hub.Key = () => valid;
        var running = RunAsync(new ClientOptions { Server = hub.Address, Every = TimeSpan.FromMilliseconds(20), ApiKey = "old", ApiKeyFile = key });
        await Until.TrueAsync(() => hub.Log.Head >= 3, "some are poured");

        // As 'keys add > tap.key' and 'keys revoke' do it.
        await File.WriteAllTextAsync(key, "new\n");
        valid = "new";
        var before = hub.Log.Head;
        await Until.TrueAsync(() => hub.Log.Head >= before + 3, "pouring goes on with the new key");
        await _asked.CancelAsync();
        Assert.Equal(0, await running.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task PoursWaitForAKeyThatIsNotReplacedAndStayInTheSpool()
    {
        await using var hub = await FakeHub.StartAsync();
        hub.Key = () => "another";
        var running = RunAsync(new ClientOptions { Server = hub.Address, Every = TimeSpan.FromMilliseconds(20), ApiKey = "revoked", SpoolFile = SpoolPath });
        await Until.TrueAsync(() => _heard.Count("does not let these taps pour") == 1, "it is told");
        await _asked.CancelAsync();
        Assert.Equal(1, await running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.NotEmpty(await LeftAsync());
        Assert.Equal(1, _heard.Count($"run again with --spool {SpoolPath} to send them"));
    }

    [Fact]
    public async Task ADateInRetryAfterIsReadByTheHubsClockNotByTheDevices()
    {
        var clock = new ManualClock();
        await using var hub = await FakeHub.StartAsync();
        hub.Next.Enqueue(async context =>
        {
            context.Response.Headers.Date = "Sat, 21 Nov 2037 18:00:00 GMT";
            await FakeHub.Status(503, ("Retry-After", "Sat, 21 Nov 2037 18:00:20 GMT"))(context);
        });
        using var http = new HubConnections(hub.Address, apiKey: null);
        var answer = await new BeersApi(http.Posts, clock).PostAsync([new Pour(1, 500, "a", DateTime.UnixEpoch)], CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(20), answer[0].RetryAfter);
    }

    [Fact]
    public async Task APourThatTheDiskDoesNotTakeStillReachesTheHubAndTheRunFails()
    {
        if (OperatingSystem.IsWindows())
        {
            output.WriteLine("Skipped: there is no ulimit, which makes the disk refuse a write");
            return;
        }

        await using var hub = await FakeHub.StartAsync();

        // 64 KB: less than the spool has when it is first rewritten, and more than what a measurement of coverage writes at the end of the process.
        const string Limited = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
        string[] command =
        [
            "dotnet", Path.Combine(AppContext.BaseDirectory, "BeerTap.Client.dll"), "--server", hub.Address.ToString(), "--taps", "4", "--every", "5ms",
            "--spool", SpoolPath,
        ];
        var start = new ProcessStartInfo("sh", ["-c", Limited, "sh", .. command])
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0" },
        };
        using var client = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var told = await client.StandardOutput.ReadToEndAsync(patience.Token);
            await client.WaitForExitAsync(patience.Token);
            Assert.True(client.ExitCode == 1, told);
            Assert.Contains("takes no more pours", told, StringComparison.Ordinal);
            Assert.Contains("waiting 0,", told, StringComparison.Ordinal);
        }
        finally
        {
            if (!client.HasExited)
            {
                client.Kill();
            }
        }

        var spool = await File.ReadAllTextAsync(SpoolPath);
        Assert.Contains(hub.Pours, pour => !spool.Contains($"{{\"tapId\":1,\"volume\":{pour.Volume.ToString(CultureInfo.InvariantCulture)},\"pourId\":\"{pour.PourId}\",\"pouredAt\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task KillsAtRandomMomentsLoseNoPourThatReachedTheSpool()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("BEERTAP_TEST_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next();
        output.WriteLine($"BEERTAP_TEST_SEED={seed}");
        var random = new Random(seed);
        await using var hub = await FakeHub.StartAsync();
        hub.Refuse = pour => (pour.PourId.GetHashCode(StringComparison.Ordinal) & 1) == 0 && hub.Calls.Count % 3 > 0 ? 503 : null;
        var seen = new HashSet<string>();
        for (var round = 0; round < 4; round++)
        {
            string[] command =
            [
                Path.Combine(AppContext.BaseDirectory, "BeerTap.Client.dll"), "--server", hub.Address.ToString(), "--taps", "3", "--every", "2ms", "--spool", SpoolPath,
            ];
            using var client = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
            var calls = hub.Calls.Count + random.Next(1, 100);
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
            while (hub.Calls.Count < calls) await poll.WaitForNextTickAsync(patience.Token);
            client.Kill();
            await client.WaitForExitAsync();
            seen.UnionWith((await LeftAsync()).Select(pour => pour.PourId));
        }

        hub.Refuse = _ => null;
        Assert.Equal(0, await RunAsync(new ClientOptions { Server = hub.Address, FirstTap = 50, Count = 1, Every = TimeSpan.Zero, SpoolFile = SpoolPath }));
        Assert.True(seen.IsSubsetOf(hub.Pours.Select(pour => pour.PourId)), $"seed {seed}");
        Assert.NotEmpty(seen);
    }

    private async Task KeepAsync(int pours)
    {
        await using var file = SpoolFile.Open(SpoolPath);
        for (var i = 0; i < pours; i++) await file.AddAsync(new Pour(1, 330, $"left-{i}", DateTime.UnixEpoch));
    }

    private async Task<IReadOnlyList<Pour>> LeftAsync()
    {
        await using var file = SpoolFile.Open(SpoolPath);
        return file.Left;
    }

    private Task<int> RunAsync(ClientOptions options) => new Simulation(options, _heard.Report, TimeProvider.System).RunAsync(_asked.Token);
}
