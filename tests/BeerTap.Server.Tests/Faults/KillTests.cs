using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using BeerTap.Processes;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>
/// The hub is killed again and again while taps pour and listeners listen: every pour is there exactly once, and every listener hears every
/// position exactly once and in order. <c>BEERTAP_KILLS</c> sets how often, <c>BEERTAP_TEST_SEED</c> repeats a run.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Taps = 4;

    public static TheoryData<string> Providers => Setup.Providers;

    [Theory, MemberData(nameof(Providers))]
    public async Task AcknowledgedPoursSurviveAKillAndNoListenerMissesOne(string provider)
    {
        var kills = Setup.Number("BEERTAP_KILLS", 4);
        var seed = Setup.Number("BEERTAP_TEST_SEED", Environment.TickCount);
        output.WriteLine($"{provider}: {kills} kills, BEERTAP_TEST_SEED={seed}");

        await using var hub = new HubProcess($"--Storage:Provider={provider}", "--Live:RingEvents=64");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        using var stopPouring = new CancellationTokenSource();
        var acknowledged = new ConcurrentDictionary<(int Tap, string PourId), long>();
        var taps = Enumerable.Range(1, Taps).Select(tap => Task.Run(() => PourAsync(http, tap, acknowledged, stopPouring.Token))).ToList();
        var last = new TaskCompletionSource<long>();
        var listeners = Listener.JsonTransports.Select(transport => Task.Run(() => ListenAsync(hub.Address, transport, last.Task))).ToList();

        var random = new Random(seed);
        for (var kill = 0; kill < kills; kill++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(50, 600)), TimeProvider.System);
            await hub.KillAsync();
            await hub.StartAsync();
        }

        await stopPouring.CancelAsync();
        await Task.WhenAll(taps).WaitAsync(TimeSpan.FromMinutes(1));

        // The last pour of all comes after the listeners know that it is the last, so none waits for one that never comes.
        last.SetResult(acknowledged.Count + 1);
        acknowledged[(1, "last")] = await SendUntilAcknowledgedAsync(http, 1, "last");
        await Task.WhenAll(listeners).WaitAsync(TimeSpan.FromMinutes(2));
        await CheckLogAsync(http, acknowledged);
        output.WriteLine($"{acknowledged.Count} pours");
    }

    /// <summary>Pours until told to stop; each pour is sent until it is acknowledged, under one id, and then once more: the answer is the same beer.</summary>
    private static async Task PourAsync(HttpClient http, int tap, ConcurrentDictionary<(int, string), long> acknowledged, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var pourId = string.Create(CultureInfo.InvariantCulture, $"{tap}-{i}");
            var id = await SendUntilAcknowledgedAsync(http, tap, pourId);
            Assert.True(acknowledged.TryAdd((tap, pourId), id));
            if (i % 10 == 0) Assert.Equal(id, await SendUntilAcknowledgedAsync(http, tap, pourId));
        }
    }

    private static async Task<long> SendUntilAcknowledgedAsync(HttpClient http, int tap, string pourId)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = tap, volume = 100 + tap, pourId });
                if (answer.IsSuccessStatusCode) return (long)(await answer.JsonAsync())["beer"]!["id"]!;
            }
            catch (HttpRequestException)
            {
                // The hub is down; whether it took the pour is not known, so it is sent again.
            }

            await retry.WaitForNextTickAsync();
        }
    }

    /// <summary>Listens from the beginning to the last position, coming back with the position after each kill.</summary>
    private static async Task ListenAsync(Uri hub, string transport, Task<long> last)
    {
        var (position, seq) = ("earliest", 0L);
        while (!last.IsCompleted || seq < await last)
        {
            try
            {
                await using var listener = await Listener.ConnectAsync(transport, hub, position);
                while (!last.IsCompleted || seq < await last)
                {
                    var heard = await listener.NextLoggedAsync();
                    if ((string?)heard["event"] == "closing") break;
                    Assert.True(Listener.SeqOf(heard) == seq + 1, $"{transport} stood at {seq} and heard {heard.ToJsonString()}");
                    (position, seq) = (listener.Position, seq + 1);
                }
            }
            catch (Exception fault) when (fault is WebSocketException or HttpRequestException or ChannelClosedException or IOException)
            {
                // The hub was killed: come back.
            }
        }
    }

    /// <summary>Every acknowledged pour is in the log exactly once, nothing else is, and the positions are 1, 2, 3, …</summary>
    private static async Task CheckLogAsync(HttpClient http, ConcurrentDictionary<(int Tap, string PourId), long> acknowledged)
    {
        var ids = new HashSet<long>();
        var position = "earliest";
        while (true)
        {
            var page = JsonNode.Parse(await http.GetStringAsync($"/api/events?limit=1000&after={position}"))!;
            var events = page["events"]!.AsArray();
            if (events.Count == 0) break;
            foreach (var heard in events)
            {
                Assert.Equal(ids.Count + 1, Listener.SeqOf(heard!.AsObject()));
                Assert.True(ids.Add((long)heard["beer"]!["id"]!));
            }

            position = (string)page["position"]!;
        }

        Assert.Equal(acknowledged.Values.Order(), ids.Order());
        var report = JsonNode.Parse(await http.GetStringAsync("/api/reports/share"))!["report"]!;
        Assert.Equal(ids.Count, (long)report["totalBeers"]!);
        foreach (var tap in report["taps"]!.AsArray())
            Assert.Equal(acknowledged.Keys.Count(key => key.Tap == (int)tap!["tapId"]!), (long)tap!["beers"]!);
    }
}
