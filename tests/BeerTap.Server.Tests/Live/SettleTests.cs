using System.Globalization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Faults;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Live;

/// <summary>
/// Listeners of all transports come and leave in every way; then connections, cursors, gauges and tasks are back at exactly 0, and memory where it
/// was. <c>BEERTAP_CHURN</c> sets how many connections at least, <c>BEERTAP_TEST_SEED</c> repeats a run.
/// </summary>
[Collection(Alone.Name)]
public sealed class SettleTests(ITestOutputHelper output)
{
    /// <summary>
    /// The first rounds fill what is kept on purpose: pools, the ring, the list of taps that only connected. Before them comes the one in which
    /// tasks are counted.
    /// </summary>
    private const int WarmUp = 1;

    /// <summary>Connections, if nobody says otherwise.</summary>
    private const int ShortForm = 300;

    /// <summary>Threads of the pool that the idle hub and this test keep awake at most, also on a busy machine; others end after 20 s without work.</summary>
    private const int IdleThreads = 8;

    /// <summary>
    /// Bytes that two measurements of a hub differ by that leaks nothing, once the pool's threads are gone, each with its caches of buffers
    /// (100 KB and more). Divided by the connections between them it is the leak for each that shows: 6 KB in the short form, a third of the
    /// least that a connection costs; in a long one of 5,000 connections 200 bytes. What is exact in both is the count of subscriber objects.
    /// </summary>
    private const long Noise = 1024 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AfterChurnAllIsBackAtZeroAndMemoryWhereItWas()
    {
        var connections = Setup.Number("BEERTAP_CHURN", ShortForm);
        var isLong = connections > ShortForm;
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"at least {connections} connections, BEERTAP_TEST_SEED={seed}");

        await using var hub = await HubUnderTest.StartAsync(
            "--Live:RingEvents=256", "--Live:StallTimeout=00:00:01", "--Live:Ping=00:00:01", "--Live:SseComment=00:00:01",
            "--Limits:HeadersTimeout=00:00:01", "--Limits:KeepAliveTimeout=00:00:02", "--Limits:ConnectionsPerAddress=3");
        using var gauges = new Gauges(hub);
        var served = new List<WeakReference>();
        hub.Services.GetRequiredService<Feed>().Joining += subscriber =>
        {
            lock (served) served.Add(new WeakReference(subscriber));
        };
        var churn = new Churn(hub, new Random(seed));
        await churn.PrepareAsync();

        using (var tasks = new LiveTasks())
        {
            if (!tasks.AreCounted) output.WriteLine("live tasks are not counted: this runtime has no such list");
            await churn.RoundAsync();
            await UntilNothingIsLeftAsync(hub, gauges, served);
            churn.LetGo();
            await UntilAsync(() => [.. tasks.Count().Select(method => $"{method.Value} of {method.Key}")]);
        }

        var memory = new List<long>();
        for (var round = 1; round <= WarmUp + 1 || churn.Connections < connections; round++)
        {
            await churn.RoundAsync();
            await UntilNothingIsLeftAsync(hub, gauges, served);
            churn.LetGo();
            await NobodyIsConnectedAsync(hub);
            if (isLong && (round == WarmUp || churn.Connections >= connections))
                await UntilAsync(() => ThreadPool.ThreadCount <= IdleThreads ? [] : [$"{ThreadPool.ThreadCount} threads"]);
            memory.Add(GC.GetTotalMemory(forceFullCollection: true));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"round {round}: {churn.Connections} connections, {memory[^1]:N0} bytes, {ThreadPool.ThreadCount} threads, {Timer.ActiveCount} timers"));
        }

        var refused = string.Join(", ", churn.Refused.OrderBy(kind => kind.Key).Select(kind => $"{kind.Value} with {kind.Key}"));
        output.WriteLine($"{churn.Connections} connections, {served.Count} of them served; refused {refused}; {churn.CutEarly} cut while they came; peers vanish: {churn.Vanishes}");
        string[] counted = ["beertap.feed.resumes", "beertap.feed.reloads", "beertap.feed.closes", "beertap.feed.deliveries", "beertap.pours"];
        output.WriteLine(string.Join(", ", counted.Select(name => $"{name} {gauges[name]}")));
        var growth = memory[^1] - memory[WarmUp - 1];
        Assert.True(growth < Noise, $"The hub grew by {growth} bytes after {WarmUp} rounds.");
    }

    /// <summary>While those whom the hub has to cut still hold their side of the connection.</summary>
    private static Task UntilNothingIsLeftAsync(HubUnderTest hub, Gauges gauges, List<WeakReference> served)
    {
        var feed = hub.Services.GetRequiredService<Feed>();
        var limits = hub.Services.GetRequiredService<ListenerLimits>();
        var keyed = hub.Services.GetRequiredService<KeyedListeners>();
        var repository = hub.Services.GetRequiredService<BeerRepository>();
        return UntilAsync(() =>
        {
            List<string> left = [.. gauges.Remaining()];
            if (feed.Subscribers != 0) left.Add($"{feed.Subscribers} subscribers");
            if (limits.Count != (0, 0)) left.Add($"{limits.Count} listeners and addresses under limits");
            if (keyed.Count != 0) left.Add($"{keyed.Count} listeners with keys");
            if (repository.Waiting != 0) left.Add($"{repository.Waiting} commands that wait");
            if (left.Count > 0) return left;

            GC.Collect();
            GC.WaitForPendingFinalizers();
            var alive = served.Count(subscriber => subscriber.IsAlive);
            return alive == 0 ? [] : [$"{alive} subscriber objects of {served.Count}"];
        });
    }

    private static async Task NobodyIsConnectedAsync(HubUnderTest hub)
    {
        using var http = new HttpClient { BaseAddress = hub.Address };
        var taps = (await (await http.GetAsync("/api/taps")).JsonAsync())["taps"]!.AsArray();
        Assert.DoesNotContain(taps, tap => (bool)tap!["connected"]!);
    }

    private static async Task UntilAsync(Func<List<string>> left)
    {
        var end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (left() is { Count: > 0 } still)
        {
            Assert.True(Environment.TickCount64 < end, $"still there after {Patience.TotalSeconds} s: {string.Join("; ", still)}");
            await poll.WaitForNextTickAsync();
        }
    }
}
