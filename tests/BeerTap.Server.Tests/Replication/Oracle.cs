using BeerTap.Server.Beers;
using BeerTap.Server.Replication;
using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Storage;

namespace BeerTap.Server.Tests.Replication;

/// <summary>What a log comes to, told in the plainest way: no bookmark, no groups, every sender's last number remembered for ever.</summary>
internal static class Oracle
{
    public static IReadOnlyList<LogEvent> EventsOf(IReadOnlyList<(long Offset, byte[] Entry)> log, params PourBeer[] before)
    {
        var disk = new MemoryDisk(before);
        using var store = disk.Open();
        var model = ((FakeStore)store).Model;
        var sequencer = new Sequencer(store);
        var last = new Dictionary<string, long>();
        foreach (var (offset, bytes) in log)
        {
            var entry = LogEntryJson.Read(bytes, offset);
            if (last.TryGetValue(entry.Sender, out var number) && entry.Number <= number) continue;
            last[entry.Sender] = entry.Number;
            foreach (var command in entry.Commands)
            {
                var batch = new LogBatch(model.Log.Count);
                sequencer.Decide(command, batch);
                model.Append(batch);
            }
        }

        return model.Log;
    }

    public static Beer? Poured(this IReadOnlyList<LogEvent> log, long id) => id > 0 && id <= log.Count ? (log[(int)id - 1] as BeerPoured)?.Beer : null;
}
