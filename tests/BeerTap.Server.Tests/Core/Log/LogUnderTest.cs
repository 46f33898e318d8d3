using System.Text;
using BeerTap.Server.Core.Log;

namespace BeerTap.Server.Tests.Core.Log;

/// <summary>Writes and reads a log of text: the body of an entry names everything about it.</summary>
internal static class LogUnderTest
{
    public static LogOptions Small => new() { SegmentBytes = 16 * 1024 };

    public static ITerms Words { get; } = new FirstWord();

    public static EventLog Open(ILogDisk disk, LogOptions? options = null) =>
        EventLog.Open(disk, Words, options ?? Small, background: new Inline());

    /// <summary>Appends entries in one batch.</summary>
    /// <param name="bodies">Each <c>channel:text</c>; the first word of the text is a term of the entry.</param>
    public static void Append(this EventLog log, params string[] bodies) => log.Append(BatchOf(log, bodies));

    public static Batch BatchOf(EventLog log, params string[] bodies)
    {
        var batch = log.NewBatch();
        var positions = new Dictionary<string, long>();
        foreach (var body in bodies)
        {
            var channel = body[..body.IndexOf(':', StringComparison.Ordinal)];
            var before = positions.TryGetValue(channel, out var last) ? last : log.HeadOf(Encoding.UTF8.GetBytes(channel));
            positions[channel] = before + 1;
            batch.Add(new NewEntry
            {
                Channel = Encoding.UTF8.GetBytes(channel),
                Position = positions[channel],
                Kind = "text"u8,
                At = 1_000_000 + log.Head,
                Body = Encoding.UTF8.GetBytes(body),
                Private = "secret"u8,
                Key = RecordOf(body),
            });
        }

        return batch;
    }

    public static List<string> Bodies(this EventLog log)
    {
        var entries = new List<LogEntry>();
        for (var from = log.First; from <= log.Head; from = entries[^1].Number + 1)
        {
            log.ReadFrom(from, 100, 64 * 1024, entries);
        }

        Assert.Equal(Enumerable.Range(0, entries.Count).Select(i => log.First + i), entries.Select(entry => entry.Number));
        return [.. entries.Select(TextOf)];
    }

    public static string TextOf(LogEntry entry) => Encoding.UTF8.GetString(entry.Body.Span);

    public static ReadOnlySpan<byte> KeyOf(string body) => Encoding.UTF8.GetBytes("key of " + body[..Math.Min(body.Length, 100)]);

    private static byte[] RecordOf(string body)
    {
        var record = new byte[512];
        return record[..IdempotencyRecord.Write(record, KeyOf(body), "result"u8)];
    }

    /// <summary>Runs at once what is meant for the background, so that a history happens again the same way.</summary>
    private sealed class Inline : TaskScheduler
    {
        protected override void QueueTask(Task task) => TryExecuteTask(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }

    private sealed class FirstWord : ITerms
    {
        public void Of(in LogEntry entry, TermSet terms)
        {
            var text = TextOf(entry);
            text = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
            text = text.Split(' ')[0];
            terms.Add(Encoding.UTF8.GetBytes(text[..Math.Min(text.Length, 100)]));
        }
    }
}
