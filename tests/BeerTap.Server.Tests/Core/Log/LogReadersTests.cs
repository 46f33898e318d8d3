using System.Text;
using BeerTap.Server.Core.Log;

namespace BeerTap.Server.Tests.Core.Log;

public sealed class LogReadersTests
{
    [Fact]
    public async Task ReadersBesideTheWriterAndTheSealingSeeEveryEntryOnceAndInOrder()
    {
        const int Batches = 1_500;
        var folder = Directory.CreateTempSubdirectory("beertap-readers-");
        try
        {
            // The background is the thread pool here, as in a hub.
            var log = EventLog.Open(new FolderDisk(folder.FullName), LogUnderTest.Words, LogUnderTest.Small);
            var readers = Enumerable.Range(0, 3).Select(reader => Task.Run(() => ReadAll(log, reader, Batches * 2))).ToArray();
            for (var i = 0; i < Batches; i++)
            {
                log.Append($"beers:w{i % 5} {i}", $"room:w{i % 5} {i}");
            }

            await Task.WhenAll(readers).WaitAsync(TimeSpan.FromMinutes(2));
            await log.WhenSealedAsync();
            Assert.True(folder.GetFiles("*.sealed").Length > 5);
            log.Dispose();
            using var again = LogUnderTest.Open(new FolderDisk(folder.FullName));
            Assert.Equal(Batches * 2, again.Bodies().Count);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void ReadAll(EventLog log, int reader, int expected)
    {
        var (entries, read, beers) = (new List<LogEntry>(), 0L, 0L);
        while (read < expected)
        {
            entries.Clear();
            log.ReadFrom(read + 1, 1 + (reader * 50), 64 * 1024, entries);
            foreach (var entry in entries)
            {
                read++;
                var channel = read % 2 == 1 ? "beers" : "room";
                Assert.Equal((read, $"{channel}:w{(read - 1) / 2 % 5} {(read - 1) / 2}"), (entry.Number, LogUnderTest.TextOf(entry)));
            }

            entries.Clear();
            log.ReadChannel("beers"u8, beers, 40, 16 * 1024, entries);
            foreach (var entry in entries)
            {
                beers++;
                Assert.Equal((beers, $"beers:w{(beers - 1) % 5} {beers - 1}"), (entry.Position, LogUnderTest.TextOf(entry)));
            }

            Assert.True(log.HeadOf("beers"u8) >= beers);
            entries.Clear();
            log.ReadTerm(Encoding.UTF8.GetBytes($"w{reader}"), long.MaxValue, 10, entries);
            Assert.Equal(entries.Select(entry => entry.Number).OrderDescending(), entries.Select(entry => entry.Number));
        }
    }
}
