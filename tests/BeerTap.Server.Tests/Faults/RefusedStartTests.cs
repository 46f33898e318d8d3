using System.Net;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The damages that have a name of their own, each with what the SQLite store says to it.</summary>
public sealed class RefusedStartTests : IDisposable
{
    private readonly StoreImages _images = new("sqlite", new Random(1));

    [Theory]
    [InlineData("stopped", "beertap.db", "is empty")]
    [InlineData("stopped", "beertap.db-wal", null)]
    [InlineData("killed with a short log", "beertap.db", "is empty")]
    [InlineData("killed with a short log", "beertap.db-wal", "missing or cut to nothing")]
    [InlineData("killed after a checkpoint", "beertap.db-wal", "missing or cut to nothing")]
    public void AFileCutToNothingIsNotTakenForANewStore(string image, string file, string? refusal)
    {
        using var folder = Copy(image);
        using (var cut = new FileStream(Path.Combine(folder.Path, file), FileMode.OpenOrCreate)) cut.SetLength(0);
        Expect(folder.Path, refusal);
    }

    [Theory]
    [InlineData("killed with a short log", "beertap.db", "is missing, but its log is there")]
    [InlineData("stopped", "beertap.db", "is missing, but")]
    [InlineData("killed with a short log", "beertap.db-wal", "missing or cut to nothing")]
    public void AMissingFileIsNotTakenForANewStore(string image, string file, string refusal)
    {
        using var folder = Copy(image);
        File.Delete(Path.Combine(folder.Path, file));
        Expect(folder.Path, refusal);
    }

    [Fact]
    public void ALogCutBetweenTwoCommitsIsMissed()
    {
        using var folder = Copy("killed with a short log");
        var log = Path.Combine(folder.Path, "beertap.db-wal");
        using (var cut = new FileStream(log, FileMode.Open)) cut.SetLength(SqliteWalFrames(cut.Length - 1));
        Expect(folder.Path, "frames can be read of");

        static long SqliteWalFrames(long length) => 32 + (length - 32) / 4120 * 4120;
    }

    [Fact]
    public void AFlippedBitInAFlushedCommitIsSeenInTheLogItselfWhenTheMarkIsGone()
    {
        using var folder = Copy("killed with a short log");
        File.Delete(Path.Combine(folder.Path, HighWaterMark.FileName));
        using (var log = new FileStream(Path.Combine(folder.Path, "beertap.db-wal"), FileMode.Open))
        {
            log.Position = log.Length / 2;
            var value = log.ReadByte();
            log.Position--;
            log.WriteByte((byte)(value ^ 4));
        }

        Expect(folder.Path, "flushed commits follow");
    }

    [Fact]
    public void ATornLastCommitThatNobodyWasAnsweredIsLeftOut()
    {
        // As a power cut leaves it: the mark is that of an earlier commit, the last commit's frames are there in part.
        using var folder = Copy("killed with a short log");
        var earlier = _images.All.Single(image => image.Name == "killed at the first pours");
        File.Copy(Path.Combine(earlier.Folder, HighWaterMark.FileName), Path.Combine(folder.Path, HighWaterMark.FileName), overwrite: true);
        using (var log = new FileStream(Path.Combine(folder.Path, "beertap.db-wal"), FileMode.Open)) log.SetLength(log.Length - 5000);

        using var store = Open(folder.Path);
        Assert.InRange(store.Head, 3, _images.All[1].Head - 1);
        Assert.Equal(0, _images.History.Check(store, store.Head).Refused);
    }

    [Fact]
    public void AStoreWithoutItsMarkServesAndSaysThatItCannotTell()
    {
        using var folder = Copy("stopped");
        File.Delete(Path.Combine(folder.Path, HighWaterMark.FileName));
        using (var store = Open(folder.Path)) Assert.Contains("cannot be told", Assert.Single(store.Warnings), StringComparison.Ordinal);
        using (var again = Open(folder.Path)) Assert.Empty(again.Warnings);
    }

    [Theory]
    [InlineData("killed with a short log", "beertap.db-wal", "comes from another store")]
    [InlineData("stopped", "beertap.db-wal", "comes from another store")]
    [InlineData("stopped", "beertap.db", "comes from elsewhere")]
    [InlineData("stopped", "beertap.mark", "comes from elsewhere")]
    public void AnotherStoresFileIsNotMixedIn(string image, string file, string refusal)
    {
        using var other = new StoreImages("sqlite", new Random(2));
        using var folder = Copy(image);
        File.Copy(Path.Combine(other.All[1].Folder, file), Path.Combine(folder.Path, file), overwrite: true);
        Expect(folder.Path, refusal);
    }

    [Fact]
    public void AStoreHalfMadeWhenTheHubWasKilledIsMadeAnew()
    {
        var folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
        File.WriteAllText(Path.Combine(folder, "beertap.db.making"), "half a sto");
        File.WriteAllText(Path.Combine(folder, "beertap.db.making-journal"), "");
        using (var store = Open(folder)) Assert.Equal(0, store.Head);
        Assert.Empty(Directory.GetFiles(folder, "*.making*"));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task AHubThatRefusesEndsWithTheReasonAndCode2()
    {
        using var folder = Copy("stopped");
        File.WriteAllText(Path.Combine(folder.Path, "beertap.db"), "Dear diary, today the taps were quiet and nobody came.");
        var (code, _, said) = await HubCommand.RunAsync("--urls=http://127.0.0.1:0", $"--Storage:Path={folder.Path}");
        Assert.Equal(2, code);
        Assert.Contains("does not begin as a store does", said, StringComparison.Ordinal);
        Assert.Contains("restore FILE", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadsThatMeetADamagedPageAreAnswered503AndOthersGoOn()
    {
        await using var hub = await HubUnderTest.StartAsync();
        for (var i = 0; i < 400; i++) await hub.PourAsync(volume: 100.123 + i, pourId: $"a rather long pour id, so that there are some pages, number {i}");
        await hub.StopAsync();

        // The page of the log that holds the first volume, which is kept as 1001230 ten-thousandths in three bytes; the start reads the last.
        var file = Path.Combine(hub.Folder, "beertap.db");
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x0F, 0x47, 0x0E])] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await hub.RestartAsync();

        using var first = await hub.Http.GetAsync("/api/beers/1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, first.StatusCode);
        var problem = await first.JsonAsync();
        Assert.Equal("urn:beertap:problem:store-unavailable", (string?)problem["type"]);
        Assert.Contains("damaged", (string?)problem["detail"], StringComparison.Ordinal);
        using var page = await hub.Http.GetAsync("/api/events?after=earliest");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.StatusCode);
        Assert.Equal(400, (long)(await hub.GetAsync("/api/beers/400"))["beer"]!["id"]!);
        Assert.Equal(401, (long)(await hub.PourAsync())["id"]!);
    }

    public void Dispose() => _images.Dispose();

    private StoreImages.Copy Copy(string image) => StoreImages.CopyOf(_images.All.Single(kept => kept.Name == image));

    private static IBeerStore Open(string folder) => Registration.Open(new StorageOptions { Path = folder });

    private void Expect(string folder, string? refusal)
    {
        var before = Damage.Fingerprint(folder);
        if (refusal is null)
        {
            using var store = Open(folder);
            Assert.Equal(0, _images.History.Check(store, _images.History.Events.Count).Refused);
            return;
        }

        var fault = Assert.Throws<StoreException>(() => Open(folder));
        Assert.Contains(refusal, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Restore a backup with 'restore FILE'", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, Damage.Fingerprint(folder));
    }
}
