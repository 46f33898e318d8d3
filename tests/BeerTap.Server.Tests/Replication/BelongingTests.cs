using System.Text;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Replication;

/// <summary>Which hubs and logs belong together, and what a hub finds when it joins.</summary>
[Collection(ReplicationTests.Name)]
public sealed class BelongingTests : SimulatedCluster
{
    [Fact]
    public async Task ALogOfAnotherEpochIsRefused()
    {
        Put(new LogEntry("otherone", "somebody", 1, [], new LogBeginning(0)));
        await IsRefusedAsync(Hub(), "epoch otherone", "testtest");
    }

    [Theory]
    [InlineData("{\"v\":2,\"anything\":true}", "newer BeerTap (entry version 2")]
    [InlineData("pour me a beer", "none of BeerTap's")]
    [InlineData("{\"v\":1,\"epoch\":\"testtest\",\"from\":\"x\",\"n\":1,\"do\":[{\"at\":999999999999999999,\"delete\":1}]}", "none of BeerTap's")]
    public async Task AnEntryThatIsNotUnderstoodStopsTheHubAndIsNotPassedOver(string entry, string why)
    {
        var hub = await StartAsync();
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        var offset = Log.Put(Encoding.UTF8.GetBytes(entry));
        await IsRefusedAsync(hub, why, $"Entry {offset} ");
        Assert.Single(hub.Log);
        Assert.True(hub.Status.Offset < offset);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALogThatWasCutShortOrMadeAnewIsRefused(bool anew)
    {
        var hub = await StartAsync();
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour())));
        Log.CutAt(anew ? 0 : Log.Entries[^1].Offset);
        await IsRefusedAsync(hub, "The log ends at entry", "The brokers lost the log");
        Assert.Equal(3, hub.Log.Count);
    }

    [Fact]
    public async Task ALogThatWasMadeAnewAndGrewIsRefused()
    {
        var hub = await StartAsync();
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        Log.CutAt(0);
        Put(new LogEntry("testtest", "somebody", 1, [], new LogBeginning(0)));
        for (var i = 2; i < 200; i++) Put(new LogEntry("testtest", "somebody", i, [Pour()]));
        hub.Start();
        await IsRefusedAsync(hub, "the stream was made anew");
        Assert.Equal(3, hub.Log.Count);
    }

    [Fact]
    public async Task ALogWhoseNextEntriesWereDroppedIsRefused()
    {
        var hub = await StartAsync();
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        var other = await StartAsync();
        for (var i = 0; i < 5; i++) await TakesAsync(other);
        Log.DropBefore(Log.Entries[^1].Offset);
        hub.Start();
        await IsRefusedAsync(hub, "no longer has entry", "backup of another one");
        await IsRefusedAsync(Hub(), "no longer has entry 0", "backup of another one");
        await TakesAsync(other);
    }

    [Fact]
    public async Task ALogThatGoesOnFromAHubsOwnPastTakesOnlyCopiesOfThatHub()
    {
        var disk = new MemoryDisk(Pour(pourId: "before"), Pour());
        var copy = disk.Copy();
        var first = await StartAsync(disk);
        Assert.Equal(Poured(3), Only(await first.Committer.SubmitAsync(Pour())));
        var second = await StartAsync(copy);
        Assert.Equal(first.Log, second.Log);
        Assert.Equal((OutcomeKind.Replayed, 1L, default), Only(await second.Committer.SubmitAsync(Pour(pourId: "before"))));
        await IsRefusedAsync(Hub(), "from position 2", "stands at 0");
    }

    [Fact]
    public async Task AStoreThatWentOnWithoutTheLogIsRefused()
    {
        var disk = new MemoryDisk();
        var hub = await StartAsync(disk);
        Assert.Equal(Poured(1), Only(await hub.Committer.SubmitAsync(Pour())));
        await Task.Run(() => hub.End(crash: false));
        using (var alone = disk.Open())
        {
            var batch = new LogBatch(alone.Head);
            batch.Pour(Pour());
            alone.Append(batch);
        }

        var fault = Assert.Throws<LogException>(hub.Start);
        Assert.Contains("stands at position 2, but at 1", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnOlderBackupOfTheSameHubCatchesUpBesideIt()
    {
        var disk = new MemoryDisk();
        var hub = await StartAsync(disk);
        for (var i = 1; i <= 3; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour(pourId: $"{i}"))));
        var backup = disk.Copy();
        for (var i = 4; i <= 6; i++) Assert.Equal(Poured(i), Only(await hub.Committer.SubmitAsync(Pour(pourId: $"{i}"))));
        var restored = await StartAsync(backup);
        Assert.Equal(hub.Log, restored.Log);
        Assert.Equal((OutcomeKind.Replayed, 5L, default), Only(await restored.Committer.SubmitAsync(Pour(pourId: "5"))));
        Assert.Equal(Poured(7), Only(await restored.Committer.SubmitAsync(Pour(pourId: "7"))));
        Assert.Equal((OutcomeKind.Replayed, 7L, default), Only(await hub.Committer.SubmitAsync(Pour(pourId: "7"))));
    }

    [Fact]
    public async Task OnlyTheFirstHubOfALogIsToldThatNobodyElseIsThere()
    {
        var (keys, others) = (new KeyEar(), new KeyEar());
        var disk = new MemoryDisk();
        var first = await StartAsync(disk, keys: keys);
        Assert.Equal(1, keys.First);
        await StartAsync(keys: others);
        await TakesAsync(first);
        await Task.Run(first.Dispose);
        await StartAsync(disk, keys: others);
        Assert.Equal((1, 0), (keys.First, others.First));
    }

    private void Put(LogEntry entry) => Log.Put(LogEntryJson.Write(entry));

    private static async Task<LogException> RefusalAsync(SimulatedHub hub)
    {
        await Eventually.HoldsAsync(() => hub.Refused.Count > 0, "the hub goes on");
        return Assert.Single(hub.Refused);
    }

    private static async Task IsRefusedAsync(SimulatedHub hub, params string[] words)
    {
        var fault = await RefusalAsync(hub);
        Assert.All(words, word => Assert.Contains(word, fault.Message, StringComparison.Ordinal));
        Assert.Equal(("failed", fault.Message), (hub.Status.Look(TimeSpan.Zero).Status, hub.Status.Look(TimeSpan.Zero).Reason));
        Assert.Equal(NotTaken, Only(await hub.Committer.SubmitAsync(Pour()).WaitAsync(Patience)));
    }

    /// <summary>Counts how often it hears that nobody else is there.</summary>
    private sealed class KeyEar : ISharedKeys
    {
        public int First { get; private set; }

        public void BeFirst() => First++;

        public void Hear(KeyNews news)
        {
        }

        public Task TellAsync(Func<KeyNews, CancellationToken, Task> tell, CancellationToken cancel) => Task.CompletedTask;
    }
}
