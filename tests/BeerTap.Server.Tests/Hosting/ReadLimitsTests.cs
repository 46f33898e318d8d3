using System.Net;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Live;
using BeerTap.Server.Tests.Security;
using BeerTap.Server.Tests.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Reads that walk through the store share a few threads, wait for them, and are refused when too many wait.</summary>
public sealed class ReadLimitsTests
{
    private static readonly string[] Walks =
        ["/api/beers", "/api/taps", "/api/events?after=earliest", "/api/reports/totals", "/api/beers?order=desc&tapId=1"];

    [Fact]
    public async Task AllWalksWaitForTheReadingThreadsAndAPourDoesNot()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var free = new ManualResetEventSlim();
        var held = Hold(hub, free);
        var asked = Walks.Select(path => hub.Http.GetAsync(path)).ToList();

        // Everything else is answered meanwhile.
        await hub.PourAsync();
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers/1"));
        Assert.Equal(200, await hub.StatusAsync("GET", "/health/ready"));
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/reports/minutes"));
        Assert.DoesNotContain(asked, task => task.IsCompleted);

        free.Set();
        await held;
        foreach (var answer in await Task.WhenAll(asked))
        {
            Assert.Equal(200, (int)answer.StatusCode);
            answer.Dispose();
        }
    }

    [Fact]
    public async Task AListenerThatCatchesUpWaitsForThemToo()
    {
        await using var hub = await HubUnderTest.StartAsync("--Live:RingEvents=64");
        for (var i = 0; i < 100; i++)
        {
            await hub.PourAsync();
        }

        using var free = new ManualResetEventSlim();
        var held = Hold(hub, free);
        await using var listener = await Listener.ConnectAsync("sse", hub, "earliest");
        var first = listener.NextAsync("beerPoured");
        await hub.PourAsync();
        Assert.False(first.IsCompleted);
        free.Set();
        await held;
        Assert.EndsWith("-1", (string?)(await first)["position"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Limits:ReadsPerAddress=3")]
    [InlineData("--Limits:Reads=3")]
    public async Task OneReadTooManyIsRefusedAndOneThatEndsMakesRoom(string limit)
    {
        await using var hub = await HubUnderTest.StartAsync(limit);
        using var free = new ManualResetEventSlim();
        var held = Hold(hub, free);
        var asked = Enumerable.Range(0, 4).Select(_ => hub.Http.GetAsync("/api/taps")).ToList();
        using (var refused = await await Task.WhenAny(asked))
        {
            Assert.Equal(503, (int)refused.StatusCode);
            Assert.Equal("too-many-reads", await refused.ProblemAsync());
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        Assert.Equal(1, asked.Count(answer => answer.IsCompleted));
        await hub.PourAsync();

        free.Set();
        await held;
        Assert.Equal(3, (await Task.WhenAll(asked)).Count(answer => (int)answer.StatusCode == 200));
        await Keyed.UntilAsync(async () => await hub.StatusAsync("GET", "/api/beers") == 200);
    }

    [Fact]
    public async Task AReadOfAnotherAddressWaitsForOneReadOfABusyAddressAtMost()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var limits = hub.Services.GetRequiredService<ReadLimits>();
        using var free = new SemaphoreSlim(0);
        using var reading = new SemaphoreSlim(0);
        var greedy = Enumerable.Range(0, ReadThreads.Count * 3).Select(_ => limits.AnswerAsync(From("192.0.2.1"), body =>
        {
            reading.Release();
            Assert.True(free.Wait(Listener.Patience));
        })).ToList();
        for (var i = 0; i < ReadThreads.MostForOne; i++) Assert.True(await reading.WaitAsync(Listener.Patience));

        var other = limits.AnswerAsync(From("192.0.2.2"), _ => { });
        free.Release();
        await other.WaitAsync(Listener.Patience);
        Assert.InRange(reading.CurrentCount, 0, 1);
        free.Release(greedy.Count);
        await Task.WhenAll(greedy);

        static DefaultHttpContext From(string address) => new() { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
    }

    /// <summary>Keeps all reading threads busy until they are set free.</summary>
    private static Task<bool[]> Hold(HubUnderTest hub, ManualResetEventSlim free)
    {
        var threads = hub.Services.GetRequiredService<ReadThreads>();
        return Task.WhenAll(Enumerable.Range(0, ReadThreads.Count).Select(_ => threads.RunAsync(() => free.Wait(Listener.Patience))));
    }
}
