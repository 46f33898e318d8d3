using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using BeerTap.Processes;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;

namespace BeerTap.Server.Tests.Faults;

/// <summary><c>backup</c>, <c>restore</c> and <c>check</c> as an operator runs them.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;

    private string BackupFile => Path.Combine(_folder, "backup.beertap");

    private string Elsewhere => Path.Combine(_folder, "elsewhere");

    [Fact]
    public async Task ABackupTakenWhileTapsPourIsAWholeStoreUpToSomePosition()
    {
        const int Posters = 4, PoursBefore = 50;
        await using var hub = new HubProcess();
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var poured = new ConcurrentDictionary<long, (int Tap, string PourId, double Volume)>();
        using var stop = new CancellationTokenSource();
        var enough = new TaskCompletionSource();
        var posters = Enumerable.Range(1, Posters).Select(tap => Task.Run(() => PourAsync(tap))).ToList();

        await enough.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await Expect(0, "up to position", "backup", BackupFile, $"--Storage:Path={hub.Folder}");
        var during = poured.Count;
        await stop.CancelAsync();
        await Task.WhenAll(posters);
        Assert.True(during < poured.Count, "nothing was poured while the backup was taken");

        await Expect(2, "is held by another hub", "restore", BackupFile, "--force", $"--Storage:Path={hub.Folder}");
        await Expect(2, "is held by a hub", "check", $"--Storage:Path={hub.Folder}");
        await Expect(0, "up to position", "restore", BackupFile, "--keep-epoch", $"--Storage:Path={Elsewhere}");

        using var original = JsonOf(await http.GetStringAsync("/api/events?after=earliest&limit=1000"));
        using var store = Registration.Open(new StorageOptions { Path = Elsewhere });
        Assert.InRange(store.Head, PoursBefore, poured.Count);
        Assert.StartsWith(store.Epoch, original.RootElement.GetProperty("position").GetString(), StringComparison.Ordinal);
        var log = store.ReadLog(0, int.MaxValue).Cast<BeerPoured>().Select(entry => entry.Beer).ToList();
        Assert.Equal(Enumerable.Range(1, (int)store.Head).Select(id => (long)id), log.Select(beer => beer.Id));
        Assert.All(log, beer => Assert.Equal((beer.TapId, beer.Volume), (poured[beer.Id].Tap, poured[beer.Id].Volume)));
        Assert.All(log, beer => Assert.Equal(beer, store.FindPour(beer.TapId, poured[beer.Id].PourId)));
        Assert.Equal(
            log.GroupBy(beer => beer.TapId).Select(tap => (tap.Key, (long)tap.Count())).Order(),
            store.ReadTotals().GroupBy(total => total.TapId).Select(tap => (tap.Key, tap.Sum(total => total.Beers))).Order());

        async Task PourAsync(int tap)
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var (pourId, volume) = (string.Create(CultureInfo.InvariantCulture, $"{tap}-{i}"), 100 + i % 800 + 0.1 * tap);
                using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = tap, volume, pourId });
                Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
                poured[(long)(await answer.JsonAsync())["beer"]!["id"]!] = (tap, pourId, volume);
                if (poured.Count >= PoursBefore) enough.TrySetResult();
            }
        }
    }

    [LocalLogFact("a shared log does not take a store of a new epoch back")]
    public async Task ARestoredStoreBeginsANewEpochSoThatListenersReload()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 5; i++) await hub.PourAsync();
        await Expect(0, "up to position 5", "backup", BackupFile, $"--Storage:Path={hub.Folder}");
        await hub.PourAsync();
        var position = (string)(await hub.GetAsync("/api/events"))["position"]!;
        await hub.StopAsync();

        await Expect(2, "--force", "restore", BackupFile, $"--Storage:Path={hub.Folder}");
        await File.WriteAllTextAsync(Path.Combine(hub.Folder, StoreFolder.KeysHeard), "{}");
        await Expect(0, "replaced-1", "restore", BackupFile, "--force", $"--Storage:Path={hub.Folder}");
        Assert.False(File.Exists(Path.Combine(hub.Folder, StoreFolder.KeysHeard)), "the restored store counts as one that has heard all keys");
        Assert.True(File.Exists(Path.Combine(hub.Folder, "replaced-1", "beertap.db")));
        await hub.RestartAsync();

        // Position 6 is poured again, as another beer: the old position 6 must not pass for it.
        await hub.PourAsync(tapId: 2);
        var heard = (await hub.GetAsync($"/api/events?after={position}"))["events"]!.AsArray();
        Assert.Equal("reload", (string?)Assert.Single(heard)!["event"]);
        await hub.StopAsync();
        await Expect(0, "Sound", "check", $"--Storage:Path={hub.Folder}");
    }

    [Fact]
    public async Task AStoreThatIsMovedKeepsItsEpochWhenAsked()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var beer = await hub.PourAsync(pourId: "moved");
        var position = (string)(await hub.GetAsync("/api/events"))["position"]!;
        await hub.StopAsync();
        await Expect(0, "position 1", "backup", BackupFile, $"--Storage:Path={hub.Folder}");
        await Expect(0, "position 1", "restore", BackupFile, "--keep-epoch", "--force", $"--Storage:Path={hub.Folder}");
        await hub.RestartAsync();
        Assert.Equal(position, (string?)(await hub.GetAsync("/api/events"))["position"]);
        Assert.Equal(beer.ToJsonString(), (await hub.PourAsync(pourId: "moved")).ToJsonString());
    }

    [Fact]
    public async Task ADamagedBackupIsNeitherRestoredNorCalledSound()
    {
        using (var images = new StoreImages("sqlite", new Random(3)))
        {
            await Expect(0, "up to position", "backup", BackupFile, $"--Storage:Path={images.All.Single(image => image.Name == "killed after a checkpoint").Folder}");
        }

        await Expect(0, "Sound: epoch ", "check", BackupFile);
        var bytes = await File.ReadAllBytesAsync(BackupFile);
        bytes[bytes.Length * 2 / 3] ^= 16;
        await File.WriteAllBytesAsync(BackupFile, bytes);
        await Expect(1, "damaged", "check", BackupFile);
        await Expect(1, "is not sound", "restore", BackupFile, $"--Storage:Path={Elsewhere}");
        Assert.Equal(["beertap.lock"], Directory.GetFiles(Elsewhere).Select(Path.GetFileName));
        await Expect(2, "is there already", "backup", BackupFile, $"--Storage:Path={Elsewhere}");
    }

    [Fact]
    public async Task ACheckCountsAgain()
    {
        using (var images = new StoreImages("sqlite", new Random(4)))
        using (var copy = StoreImages.CopyOf(images.All.Single(image => image.Name == "stopped")))
        {
            using (var connection = SqliteFiles.Connect(Path.Combine(copy.Path, "beertap.db")))
            {
                SqliteSchema.Execute(connection, "UPDATE totals SET beers = beers + 1 WHERE tap = 1; UPDATE log SET pair = NULL WHERE seq = (SELECT MIN(pair) FROM log WHERE tap IS NULL)");
                SqliteFiles.KeepLog(connection, false);
            }

            await Expect(1, "the totals are not those of the log", "check", $"--Storage:Path={copy.Path}");
            await Expect(1, "do not name each other", "check", $"--Storage:Path={copy.Path}");
        }
    }

    [Fact]
    public async Task AWrongCommandLineIsExplained()
    {
        await Expect(2, "needs the name of a file", "backup");
        await Expect(2, "--forced is not an option", "restore", "x", "--forced");
        await Expect(2, "belong to restore", "check", "--force");
        await Expect(2, "There is no file", "restore", Path.Combine(_folder, "nothing"), $"--Storage:Path={Elsewhere}");
        await Expect(2, "There is no store", "backup", BackupFile, $"--Storage:Path={Elsewhere}");
        await Expect(2, "There is no store", "check", $"--Storage:Path={Elsewhere}");
        await Expect(0, "Exit code", "restore", "--help");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static System.Text.Json.JsonDocument JsonOf(string text) => System.Text.Json.JsonDocument.Parse(text);

    private static async Task Expect(int code, string said, params string[] args)
    {
        var (ended, output, errors) = await HubCommand.RunAsync(args);
        Assert.True(ended == code && (output + errors).Contains(said, StringComparison.Ordinal), $"{string.Join(' ', args)}: {ended}\n{output}{errors}");
    }
}
