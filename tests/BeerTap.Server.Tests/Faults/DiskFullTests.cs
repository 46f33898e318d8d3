using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Server.Tests.Hosting;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The disk fills while taps pour: they are told so, readers go on, and pouring goes on by itself when there is room.</summary>
public sealed class DiskFullTests(ITestOutputHelper output)
{
    private const int Kilobyte = 1024, Batch = 100, MostBatches = 2_000;

    public static TheoryData<string> Providers => Setup.Providers;

    [LocalLogTheory("a shared log stores later what was refused for want of room"), MemberData(nameof(Providers))]
    public async Task AFullDiskRefusesPoursKeepsReadersAndRecovers(string provider)
    {
        // LiteDB's log may grow to 32 MiB before it is emptied; either store fills this much soon.
        await using var disk = await SmallDisk.MountAsync(provider == "sqlite" ? 3_000 : 8_000);
        if (disk is null)
        {
            output.WriteLine("skipped: a tmpfs cannot be mounted here (it takes root on Linux)");
            return;
        }

        var ballast = Path.Combine(disk.Folder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[1_500 * Kilobyte]);
        await using var hub = new HubProcess($"--Storage:Provider={provider}", "--Health:FreeBytes=0") { Folder = Directory.CreateDirectory(Path.Combine(disk.Folder, "store")).FullName };
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };

        var (stored, refusal) = await PourUntilRefusedAsync(http);
        output.WriteLine($"{provider}: full after {stored} pours");
        Assert.Equal("urn:beertap:problem:store-unavailable", (string?)refusal["type"]);
        Assert.Contains("Disk full", (string?)refusal["detail"], StringComparison.Ordinal);
        using (var alone = await http.PostAsJsonAsync("/api/beers", new { tapId = 9, volume = 300, pourId = "alone" }))
        {
            if (alone.StatusCode == HttpStatusCode.ServiceUnavailable) Assert.True(alone.Headers.Contains("Retry-After"));
            else stored++;
        }

        Assert.Equal(stored, await CheckAsync(http));
        File.Delete(ballast);
        stored = await PourUntilTakenAsync(http, stored);
        Assert.Equal(stored, await CheckAsync(http));

        await hub.KillAsync();
        await hub.StartAsync();
        Assert.Equal(stored, await CheckAsync(http));
    }

    private static async Task<(int Stored, JsonObject Refusal)> PourUntilRefusedAsync(HttpClient http)
    {
        for (var (batch, stored) = (0, 0); batch < MostBatches; batch++)
        {
            var results = await PourAsync(http, batch);
            stored += results.Count(result => (int)result!["status"]! == 201);
            if (results.FirstOrDefault(result => (int)result!["status"]! == 503) is { } refused) return (stored, refused["problem"]!.AsObject());
        }

        throw new InvalidOperationException("The disk did not fill.");
    }

    /// <summary>Sends one more batch until it is taken; what was not stored before is not there.</summary>
    private static async Task<int> PourUntilTakenAsync(HttpClient http, int stored)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (await retry.WaitForNextTickAsync(patience.Token))
        {
            var results = await PourAsync(http, MostBatches);
            stored += results.Count(result => (int)result!["status"]! == 201);
            if (results.All(result => (int)result!["status"]! is 200 or 201)) break;
        }

        return stored;
    }

    private static async Task<JsonArray> PourAsync(HttpClient http, int batch)
    {
        var beers = Enumerable.Range(0, Batch).Select(i => new { tapId = i % 20 + 1, volume = 100.5 + i, pourId = $"pour {i} of batch {batch}, with a long name" });
        using var answer = await http.PostAsJsonAsync("/api/beers/batch", new { beers });
        return (await answer.JsonAsync())["results"]!.AsArray();
    }

    /// <summary>How many beers the hub holds; the log, the list and the total must say the same.</summary>
    private static async Task<int> CheckAsync(HttpClient http)
    {
        var (count, position) = (0, "earliest");
        while (true)
        {
            var page = JsonNode.Parse(await http.GetStringAsync($"/api/events?limit=1000&after={position}"))!;
            var events = page["events"]!.AsArray();
            if (events.Count == 0) break;
            foreach (var heard in events) Assert.Equal(++count, (int)heard!["beer"]!["id"]!);
            position = (string)page["position"]!;
        }

        var list = JsonNode.Parse(await http.GetStringAsync("/api/beers?page_size=1&order=desc"))!;
        Assert.Equal(count, (int)list["total"]!);
        Assert.Equal(count, (int)list["beers"]![0]!["id"]!);
        return count;
    }

    /// <summary>A file system of its own, of so many kilobytes.</summary>
    private sealed class SmallDisk : IAsyncDisposable
    {
        private SmallDisk(string folder) => Folder = folder;

        public string Folder { get; }

        public static async Task<SmallDisk?> MountAsync(int kilobytes)
        {
            var folder = Directory.CreateTempSubdirectory("beertap-disk-").FullName;
            if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", folder)) return new SmallDisk(folder);
            Directory.Delete(folder);
            return null;
        }

        public async ValueTask DisposeAsync()
        {
            await RunAsync("umount", Folder);
            Directory.Delete(Folder, recursive: true);
        }

        private static async Task<bool> RunAsync(string program, params string[] args)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
                await process.WaitForExitAsync();
                return process.ExitCode == 0;
            }
            catch (Win32Exception)
            {
                return false;
            }
        }
    }
}
