using System.Text.Json;
using BeerTap.Client.Load;
using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests.Load;

public sealed class LoadRunTests : IDisposable
{
    private readonly Heard _output = new();
    private readonly StringWriter _error = new();
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _asked = new();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
        _folder.Dispose();
        _asked.Dispose();
    }

    [Fact]
    public async Task EveryPourIsProvedOnEveryFeedAndTheResultIsWritten()
    {
        await using var hub = await FakeHub.StartAsync();
        var (code, result) = await RunAsync(hub, options => options with { Listeners = 2, WarmUp = TimeSpan.FromSeconds(0.5) });
        Assert.Equal(WhenSound(result), code);
        Assert.Equal((150, 150, 150, 0L, 0L, true), (result.Pours, result.Sent, result.Acknowledged, result.Lost, result.Duplicated, result.Sound));
        Assert.Equal(["signalr", "websocket", "sse"], result.Feeds.Select(feed => feed.Feed));
        Assert.All(result.Feeds, feed => Assert.Equal((2, 300L, 2 * result.Post.Count), (feed.Listeners, feed.Heard, feed.PourToHeard.Count)));

        // All but the warm-up; more when the machine was late with that.
        Assert.InRange(result.Post.Count, 100, 149);
        Assert.Equal(150, hub.Pours.Select(pour => pour.PourId).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, 10), hub.Pours.Select(pour => pour.TapId).Distinct().Order());
        Assert.Contains($"{(result.KeptTheRate ? "OK" : "TOO SLOW")}: lost 0, duplicated 0, gaps 0", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task APourThatTheHubStoresTwiceIsNoticed()
    {
        await using var hub = await FakeHub.StartAsync();
        Pour? twice = null;
        hub.Refuse = pour =>
        {
            if (Interlocked.CompareExchange(ref twice, pour, null) is null) hub.Log.Pour(pour with { PourId = "again" });
            return null;
        };
        var (code, result) = await RunAsync(hub);
        Assert.Equal((1, 3L, 0L, false), (code, result.Duplicated, result.Lost, result.Sound));
        Assert.Contains("FAILED: lost 0, duplicated 3, gaps 0", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAcknowledgedPourThatNobodyHearsIsLost()
    {
        await using var hub = await FakeHub.StartAsync();
        var calls = 0;
        hub.Refuse = _ => Interlocked.Increment(ref calls) == 50 ? 201 : null;
        var (code, result) = await RunAsync(hub);
        Assert.Equal((1, 100, 3L, 0L), (code, result.Acknowledged, result.Lost, result.Duplicated));
    }

    [Fact]
    public async Task RefusalsAreCountedByStatusAndAreNotLost()
    {
        await using var hub = await FakeHub.StartAsync();
        var calls = 0;
        hub.Refuse = _ => (Interlocked.Increment(ref calls) % 10) switch { 0 => 503, 5 => 429, _ => null };
        var (code, result) = await RunAsync(hub);
        Assert.Equal((WhenSound(result), 80, 20, 0), (code, result.Acknowledged, result.Refused, result.Unanswered));
        Assert.Equal([("201", 80), ("429", 10), ("503", 10)], result.Answers.Select(answer => (answer.Key, answer.Value)));
    }

    [Fact]
    public async Task AHubThatStallsHidesNothing()
    {
        await using var hub = await FakeHub.StartAsync();
        var stall = new TaskCompletionSource();
        hub.Next.Enqueue(async context =>
        {
            await stall.Task;
            context.Response.StatusCode = 503;
        });
        var running = RunAsync(hub, options => options with { InFlight = 1, Listeners = 0 });
        await Until.TrueAsync(() => hub.Calls.Count == 1, "the first pour is posted");
        var since = TimeProvider.System.GetTimestamp();
        await Until.TrueAsync(() => TimeProvider.System.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(500), "half of the pours were due");
        stall.SetResult();
        var (code, result) = await running;
        Assert.False(result.KeptTheRate);
        Assert.Equal(3, code);

        // Half of the pours were due during the stall: the time they waited counts, though no post of theirs was under way.
        Assert.InRange(result.Post.Max!.Value, 400, 5000);
        Assert.InRange(result.Post.P50!.Value, 1, 5000);
        Assert.InRange(result.Waited, 1, 100);
        Assert.InRange(result.BegunLate, 30, 100);
        Assert.Contains("COULD NOT KEEP THE RATE", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("TOO SLOW: the rate was not kept", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARateThatWasNotKeptIsAnExitCodeOfItsOwnThoughNothingIsLost()
    {
        await using var hub = await FakeHub.StartAsync();
        var calls = 0;
        var stall = new TaskCompletionSource();
        hub.Next.Enqueue(async context =>
        {
            Interlocked.Increment(ref calls);
            await stall.Task;
            context.Response.StatusCode = 503;
        });
        var running = RunAsync(hub, options => options with { InFlight = 1, Duration = TimeSpan.FromSeconds(2) });
        await Until.TrueAsync(() => calls == 1, "the first pour is posted");

        // Beyond the end of the schedule: the others find no place until it is over.
        var since = TimeProvider.System.GetTimestamp();
        await Until.TrueAsync(() => TimeProvider.System.GetElapsedTime(since) >= TimeSpan.FromMilliseconds(500), "half of the pours were due");
        stall.SetResult();
        var (code, result) = await running;
        Assert.Equal((3, true, false, 0L, 0L, 0L), (code, result.Sound, result.KeptTheRate, result.Lost, result.Duplicated, result.Gaps));
        Assert.Contains("TOO SLOW: lost 0, duplicated 0, gaps 0, but the rate was not kept", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAHubKeepsFromBeingSentIsTold()
    {
        await using var hub = await FakeHub.StartAsync();
        var never = new TaskCompletionSource();
        hub.Next.Enqueue(context => never.Task.WaitAsync(context.RequestAborted));
        var running = RunAsync(hub, options => options with { InFlight = 1, Listeners = 0 });
        await Until.TrueAsync(() => _output.ToString().Contains("1 of 100 poured", StringComparison.Ordinal), "progress is told");
        await _asked.CancelAsync();
        var (code, result) = await running;
        Assert.Equal((1, 1, 99, 1), (code, result.Sent, result.NotSent, result.Unanswered));
        Assert.Contains("FAILED: no pour was acknowledged", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlCEndsItWithAnHonestReport()
    {
        await using var hub = await FakeHub.StartAsync();
        var running = RunAsync(hub, options => options with { Duration = TimeSpan.FromMinutes(10) });
        await Until.TrueAsync(() => hub.Calls.Count >= 50, "some are poured");
        await _asked.CancelAsync();
        var (code, result) = await running;
        Assert.Equal((WhenSound(result), true, true), (code, result.Stopped, result.Sound));
        Assert.Equal(hub.Log.Head, result.Acknowledged);
        Assert.Contains("stopped early", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAHubItIsOneLineAndExitCodeTwo()
    {
        var options = new LoadOptions { Server = await FakeHub.FreeAddressAsync() };
        Assert.Equal(2, await SessionAsync(options));
        Assert.Matches("^the hub at http://127.0.0.1:[0-9]+/ is not there: .+\n$", _error.ToString());
    }

    [Fact]
    public async Task AHubThatDoesNotLetTheTapsPourIsOneLineAndExitCodeTwo()
    {
        await using var hub = await FakeHub.StartAsync();
        hub.Refuse = _ => 401;
        Assert.Equal(2, await SessionAsync(new LoadOptions { Server = hub.Address, WarmUp = TimeSpan.Zero }));
        Assert.Matches("^the hub does not let these taps pour \\(401 .+\\): check --api-key or --api-key-file\n$", _error.ToString());
    }

    [Fact]
    public async Task AFileThatCannotBeWrittenIsToldBeforeTheRun()
    {
        await using var hub = await FakeHub.StartAsync();
        Assert.Equal(2, await SessionAsync(new LoadOptions { Server = hub.Address, JsonFile = _folder.File("nowhere/load.json") }));
        Assert.StartsWith("--json: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(hub.Calls);
    }

    // Whether this machine keeps the rate is not what these tests are about.
    private static int WhenSound(LoadResult result) => result.KeptTheRate ? 0 : 3;

    private async Task<(int Code, LoadResult Result)> RunAsync(FakeHub hub, Func<LoadOptions, LoadOptions>? change = null)
    {
        var options = new LoadOptions { Server = hub.Address, Rate = 100, Duration = TimeSpan.FromSeconds(1), WarmUp = TimeSpan.Zero, JsonFile = _folder.File("load.json") };
        var code = await SessionAsync(change?.Invoke(options) ?? options);
        return (code, JsonSerializer.Deserialize(await File.ReadAllTextAsync(options.JsonFile), LoadJson.Default.LoadResult)!);
    }

    private Task<int> SessionAsync(LoadOptions options) =>
        new LoadSession(options, _output, _error, terminal: null, TimeProvider.System).RunAsync(_asked.Token);
}
