using System.Text;
using BeerTap.Server.Core.Log;

namespace BeerTap.Server.Tests.Core.Log;

public sealed class EventLogTests
{
    [Fact]
    public void WhatWasAppendedIsReadAgainAfterAStop()
    {
        var disk = new SimulatedDisk();
        using (var log = LogUnderTest.Open(disk))
        {
            log.Append("beers:one", "room:hello", "beers:two");
            log.Append("beers:three");
        }

        using var again = LogUnderTest.Open(disk);
        Assert.Equal(["beers:one", "room:hello", "beers:two", "beers:three"], again.Bodies());
        Assert.Equal(0, again.CutBytes);
        Assert.Equal((4, 3, 1), (again.Head, again.HeadOf("beers"u8), again.HeadOf("room"u8)));
        var entry = again.Find(3)!.Value;
        Assert.Equal((3, 2, "beers", "text", "secret", false), (
            entry.Number, entry.Position, Encoding.UTF8.GetString(entry.Channel), Encoding.UTF8.GetString(entry.Kind),
            Encoding.UTF8.GetString(entry.Private.Span), entry.IsRedacted));
    }

    [Fact]
    public void ALogOfManySegmentsIsReadByNumberChannelTermAndKey()
    {
        var disk = new SimulatedDisk();
        var random = new Random(1);
        var all = new List<string>();
        using (var log = LogUnderTest.Open(disk))
        {
            for (var i = 0; i < 400; i++)
            {
                string[] bodies = [.. Enumerable.Range(0, random.Next(1, 6)).Select(j => $"c{random.Next(4)}:w{random.Next(9)} {i}.{j}")];
                log.Append(bodies);
                all.AddRange(bodies);
            }

            Check(log, all);
        }

        Assert.True(disk.List().Count > 8, "the log has one segment only");
        using var again = LogUnderTest.Open(disk);
        Check(again, all);
    }

    [Fact]
    public void ABookmarkIsKeptWithAndWithoutEntries()
    {
        var disk = new SimulatedDisk();
        using (var log = LogUnderTest.Open(disk))
        {
            var batch = LogUnderTest.BatchOf(log, "beers:one");
            batch.Bookmark = "at 7"u8.ToArray();
            log.Append(batch);
            batch.Clear();
            batch.Bookmark = "at 8"u8.ToArray();
            log.Append(batch);
            Assert.Equal(1, log.Head);
        }

        using (var again = LogUnderTest.Open(disk))
        {
            Assert.Equal("at 8"u8, again.Bookmark);
            for (var i = 0; i < 300; i++)
            {
                again.Append($"beers:{i} and so on and so on");
            }

            Assert.Equal("at 8"u8, again.Bookmark);
        }

        using var third = LogUnderTest.Open(disk.Kill());
        Assert.Equal("at 8"u8, third.Bookmark);
    }

    [Fact]
    public void ATornBatchThatWasNotAcknowledgedIsCutOff()
    {
        var disk = new SimulatedDisk();
        var log = LogUnderTest.Open(disk);
        log.Append("beers:one");
        disk.Before = (operation, _) => Fail(operation == "flush");
        Assert.Equal(LogFault.NotFlushed, Assert.Throws<LogException>(() => log.Append("beers:torn")).Fault);

        var after = disk.Kill();
        var name = after.List().Single(name => name.EndsWith(".log", StringComparison.Ordinal));
        var bytes = after.BytesOf(name);
        bytes[bytes.AsSpan().IndexOf("beers:torn"u8)]++;
        using var again = LogUnderTest.Open(after);
        Assert.Equal(["beers:one"], again.Bodies());
        Assert.True(again.CutBytes > 0);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("torn"u8));
    }

    [Theory]
    [InlineData("beers:two")]
    [InlineData("beers:one")]
    public void AnAcknowledgedBatchThatIsDamagedIsRefusedAndNothingIsChanged(string damaged)
    {
        var disk = new SimulatedDisk();
        using (var log = LogUnderTest.Open(disk))
        {
            log.Append("beers:one");
            log.Append("beers:two");
        }

        var name = disk.List().Single(name => name.EndsWith(".log", StringComparison.Ordinal));
        var bytes = disk.BytesOf(name);
        bytes[bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(damaged)) + 3] ^= 1;
        var before = (byte[])bytes.Clone();
        var refusal = Assert.Throws<LogException>(() => LogUnderTest.Open(disk));
        Assert.Equal(LogFault.Damaged, refusal.Fault);
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, disk.BytesOf(name));
    }

    [Fact]
    public void AMissingSegmentIsRefused()
    {
        var disk = new SimulatedDisk();
        using (var log = LogUnderTest.Open(disk))
        {
            for (var i = 0; i < 400; i++)
            {
                log.Append($"beers:{i} and so on");
            }
        }

        var names = disk.List().Where(name => char.IsDigit(name[0])).Order(StringComparer.Ordinal).ToList();
        foreach (var name in (string[])[names[1], names[^1]])
        {
            var without = disk.Kill();
            without.Delete(name);
            Assert.Equal(LogFault.Damaged, Assert.Throws<LogException>(() => LogUnderTest.Open(without)).Fault);
            disk = disk.Kill();
        }

        foreach (var name in names)
        {
            disk.Delete(name);
        }

        Assert.Equal(LogFault.Damaged, Assert.Throws<LogException>(() => LogUnderTest.Open(disk)).Fault);
    }

    [Fact]
    public void AFailedFlushVoidsTheTailAndTheLogGoesOn()
    {
        var disk = new SimulatedDisk();
        var log = LogUnderTest.Open(disk);
        log.Append("beers:one");
        disk.Before = (operation, _) => Fail(operation == "flush");
        Assert.Throws<LogException>(() => log.Append("beers:void"));
        Assert.Throws<LogException>(() => log.Append("beers:void too"));
        Assert.Equal(["beers:one"], log.Bodies());
        disk.Before = (_, _) => { };
        log.Append("beers:two");
        Assert.Equal(["beers:one", "beers:two"], log.Bodies());
        using var again = LogUnderTest.Open(disk.Kill());
        Assert.Equal(["beers:one", "beers:two"], again.Bodies());
    }

    [Fact]
    public void AnEntryThatIsTooLargeIsRefusedAndTheBatchIsAsItWas()
    {
        using var log = LogUnderTest.Open(new SimulatedDisk());
        var batch = LogUnderTest.BatchOf(log, "beers:one");
        var refusal = Assert.Throws<LogException>(() => batch.Add(new NewEntry
        {
            Channel = "beers"u8,
            Position = 2,
            Kind = "text"u8,
            At = 0,
            Body = new byte[LogEntry.MaxLength],
        }));
        Assert.Equal(LogFault.TooLarge, refusal.Fault);
        log.Append(batch);
        Assert.Equal(["beers:one"], log.Bodies());
    }

    [Fact]
    public void ABatchLargerThanASegmentGetsASegmentOfItsOwn()
    {
        var disk = new SimulatedDisk();
        var log = LogUnderTest.Open(disk);
        var large = "beers:" + new string('x', 100_000);
        log.Append("beers:small");
        log.Append(large, large);
        log.Append("beers:small again");
        Assert.Equal(["beers:small", large, large, "beers:small again"], log.Bodies());
        using var again = LogUnderTest.Open(disk.Kill());
        Assert.Equal(4, again.Bodies().Count);
    }

    [Fact]
    public async Task ARedactedEntryIsReadWithoutItsContentAndItsBytesLeaveTheDisk()
    {
        var disk = new SimulatedDisk();
        var log = LogUnderTest.Open(disk);
        for (var i = 0; i < 300; i++)
        {
            log.Append($"beers:w{i} entry {i} {new string('x', 60)}");
        }

        // One in a sealed segment, one in the segment that is written, one of the same batch.
        long[] redacted = [7, 300, 301];
        var batch = LogUnderTest.BatchOf(log, "beers:w300 entry 300");
        foreach (var number in redacted)
        {
            batch.Redact(number);
        }

        log.Append(batch);
        Check(log);
        using (var restarted = LogUnderTest.Open(disk.Kill()))
        {
            Check(restarted);
        }

        disk = new SimulatedDisk();
        log = LogUnderTest.Open(disk);
        for (var i = 0; i < 300; i++)
        {
            log.Append($"beers:w{i} entry {i} {new string('x', 60)}");
        }

        log.Append(batch = Again(log));
        Assert.True(log.HasUnerased);
        log.EraseSoon();
        await log.WhenSealedAsync();
        Assert.False(log.HasUnerased);
        Check(log);
        log.Dispose();
        using var again = LogUnderTest.Open(disk);
        Check(again);
        Assert.False(again.HasUnerased);
        foreach (var name in disk.List())
        {
            Assert.DoesNotContain("entry 300", Encoding.UTF8.GetString(disk.BytesOf(name)), StringComparison.Ordinal);
        }

        Batch Again(EventLog target)
        {
            var same = LogUnderTest.BatchOf(target, "beers:w300 entry 300");
            Array.ForEach(redacted, same.Redact);
            return same;
        }

        void Check(EventLog read)
        {
            foreach (var number in redacted)
            {
                var entry = read.Find(number)!.Value;
                Assert.Equal((true, 0, 0, number), (entry.IsRedacted, entry.Body.Length, entry.Private.Length, entry.Position));
                var found = new List<LogEntry>();
                read.ReadTerm(Encoding.UTF8.GetBytes($"w{number - 1}"), long.MaxValue, 5, found);
                read.ReadChannel("beers"u8, number - 1, 1, 1024, found);
                Assert.Equal([(number, true), (number, true)], found.Select(entry => (entry.Number, entry.IsRedacted)));
                Assert.False(entry.Key.IsEmpty);
            }

            Assert.Equal($"beers:w7 entry 7 {new string('x', 60)}", LogUnderTest.TextOf(read.Find(8)!.Value));
        }
    }

    [Fact]
    public void AFolderOfTheFileSystemKeepsALogOverAStop()
    {
        var folder = Directory.CreateTempSubdirectory("beertap-log-");
        try
        {
            using (var log = LogUnderTest.Open(new FolderDisk(folder.FullName)))
            {
                for (var i = 0; i < 300; i++)
                {
                    log.Append($"beers:{i} and so on");
                }
            }

            using var again = LogUnderTest.Open(new FolderDisk(folder.FullName));
            Assert.Equal(Enumerable.Range(0, 300).Select(i => $"beers:{i} and so on"), again.Bodies());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Fail(bool when)
    {
        if (when)
        {
            throw new IOException("Input/output error");
        }
    }

    private static void Check(EventLog log, List<string> all)
    {
        Assert.Equal(all, log.Bodies());
        var entries = new List<LogEntry>();
        for (var channel = 0; channel < 4; channel++)
        {
            var expected = all.Where(body => body.StartsWith($"c{channel}:", StringComparison.Ordinal)).ToList();
            Assert.Equal(expected.Count, log.HeadOf(Encoding.UTF8.GetBytes($"c{channel}")));
            foreach (var after in (int[])[0, 1, expected.Count / 2, expected.Count - 1, expected.Count, expected.Count + 5])
            {
                entries.Clear();
                for (var before = -1; entries.Count > before;)
                {
                    before = entries.Count;
                    log.ReadChannel(Encoding.UTF8.GetBytes($"c{channel}"), after + before, 30, 4096, entries);
                }

                Assert.Equal(expected.Skip(after), entries.Select(LogUnderTest.TextOf));
                Assert.Equal(Enumerable.Range(after + 1, entries.Count), entries.Select(entry => (int)entry.Position));
            }
        }

        for (var word = 0; word < 9; word++)
        {
            var expected = all.Where(body => body.Contains($":w{word} ", StringComparison.Ordinal)).Reverse().ToList();
            entries.Clear();
            log.ReadTerm(Encoding.UTF8.GetBytes($"w{word}"), long.MaxValue, 40, entries);
            log.ReadTerm(Encoding.UTF8.GetBytes($"w{word}"), entries[^1].Number, int.MaxValue, entries);
            Assert.Equal(expected, entries.Select(LogUnderTest.TextOf));
        }

        for (var i = 0; i < all.Count; i += 7)
        {
            Assert.Equal(i + 1, log.FindKey(LogUnderTest.KeyOf(all[i]))!.Value.Number);
        }

        Assert.Null(log.FindKey(LogUnderTest.KeyOf("never")));
    }
}
