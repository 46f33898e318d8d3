using BeerTap.Server.Beers;
using BeerTap.Server.Storage;
using LiteDB;
using LiteDB.Engine;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public sealed class LiteDbBeerStoreTests : BeerStoreContract
{
    /// <summary>Less than a page of 8 KiB and no part of it.</summary>
    private const int TornEvery = 5_000;

    protected override object Open(object folder) => new LiteDbBeerStore((StoreFolder)folder);

    protected override string MakeNewer(string folder)
    {
        var file = Path.Combine(folder, "beertap.litedb");
        using var engine = new LiteEngine(file);
        engine.Update("meta", [new BsonDocument { ["_id"] = "schema", ["v"] = 99 }]);
        engine.Checkpoint();
        return file;
    }

    [Theory]
    [InlineData(Fault.Write), InlineData(Fault.Flush)]
    public void ABatchThatDoesNotReachTheDiskIsNotThere(object fault)
    {
        var log = new FailingLog.Switch();
        using var under = new StoreUnderTest(folder => new LiteDbBeerStore(folder, path => new FailingLog(path, log)));
        var first = under.Append(Pour(1, pourId: "a"), Pour(2));

        for (var attempt = 0; attempt < 3; attempt++)
        {
            log.Fail = (Fault)fault;
            var batch = new LogBatch(under.Head);
            for (var i = 0; i < 300; i++) batch.Pour(Pour(i + 1, pourId: $"lost {i}"));
            Assert.Throws<StoreException>(() => under.Append(batch));

            log.Fail = Fault.None;
            Assert.Equal(first, under.Store.List(new BeerFilter(), new PageCut(1000)));
            Assert.Null(under.Store.FindPour(1, "lost 0"));
        }

        var next = under.Append(Pour(3, pourId: "lost 0"))[0];
        Assert.Equal(3, next.Id);
        Assert.Equal([.. first, next], under.Reopen().List(new BeerFilter(), new PageCut(1000)));
    }

    /// <summary>LiteDB closes what a thread left open once the thread has ended, on the finalizer's: what fails there ends the process.</summary>
    [Theory]
    [InlineData(Fault.Write), InlineData(Fault.Flush)]
    public void NoFaultEndsTheProcessLater(object fault)
    {
        var log = new FailingLog.Switch();
        using var under = new StoreUnderTest(folder => new LiteDbBeerStore(folder, path => new FailingLog(path, log)));
        var committer = new Thread(() =>
        {
            log.Fail = (Fault)fault;
            var batch = new LogBatch(under.Head);
            for (var i = 0; i < 300; i++) batch.Pour(Pour(i + 1, pourId: $"lost {i}"));
            Assert.Throws<StoreException>(() => under.Append(batch));
            log.Fail = Fault.None;
        });
        committer.Start();
        committer.Join();

        for (var round = 0; round < 3; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(1, under.Append(Pour(1))[0].Id);
    }

    [Fact]
    public void WhatACrashLeavesInTheLogFileIsThereAtTheNextStart()
    {
        using var under = new StoreUnderTest(folder => new LiteDbBeerStore(folder));
        using var copy = new StoreUnderTest(folder => new LiteDbBeerStore(folder));
        for (var i = 0; i < 5; i++) under.Append(Pour(1), Pour(2));
        foreach (var file in Directory.GetFiles(under.Folder, "*.litedb")) Copy(file, copy.Folder);

        // Torn at any page, the log is a prefix of whole batches.
        var logFile = Path.Combine(copy.Folder, "beertap-log.litedb");
        Assert.Equal(10, copy.Store.Head);
        copy.Close();
        var heads = new List<long>();
        var length = new FileInfo(Path.Combine(under.Folder, "beertap-log.litedb")).Length;
        foreach (var at in Enumerable.Range(0, (int)(length / TornEvery)).Select(piece => (long)piece * TornEvery).Append(length))
        {
            foreach (var file in Directory.GetFiles(under.Folder, "*.litedb")) Copy(file, copy.Folder);
            using (var torn = new FileStream(logFile, FileMode.Open)) torn.SetLength(at);
            heads.Add(copy.Store.Head);
            Assert.Equal(copy.Store.Head, copy.Store.ReadLog(0, 1000).Count);
            Assert.Equal(copy.Store.Head, copy.Store.ReadTotals().Sum(total => total.Beers));
            copy.Close();
        }

        Assert.Equal(heads.Order(), heads);
        Assert.Equal([0L, 2, 4, 6, 8, 10], heads.Distinct());
    }

    private static void Copy(string file, string folder)
    {
        using var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var to = File.Create(Path.Combine(folder, Path.GetFileName(file)));
        from.CopyTo(to);
    }

    internal enum Fault
    {
        None,
        Write,
        Flush,
    }

    /// <summary>A log file on a disk that can be told to fail.</summary>
    private sealed class FailingLog(string path, FailingLog.Switch control)
        : FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0)
    {
        private int _writes;

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (control.Fail == Fault.Write && ++_writes > 5) throw new IOException("No space left on device");
            base.Write(buffer, offset, count);
        }

        public override void Flush()
        {
            if (control.Fail == Fault.Flush) throw new IOException("Input/output error");
            base.Flush();
        }

        internal sealed class Switch
        {
            public Fault Fail { get; set; }
        }
    }
}
