using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>Finds out what epoch a new hub's store must have: that of the log. A log without an entry is begun.</summary>
internal sealed class LogEpoch(ILogStream stream, LogStatus status, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1), RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>After so many silences another connection is tried, and with it perhaps another broker.</summary>
    private const int LongestSilence = 5;

    /// <summary>Tries until the log answers.</summary>
    /// <exception cref="LogException">A new store cannot be made from the log alone.</exception>
    public async Task<string> FindAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return await AskAsync(cancel);
            }
            catch (IOException fault)
            {
                if (status.Trouble != fault.Message) Log.Cut(log, fault.Message);
                status.Cut(fault.Message);
                await Task.Delay(RetryAfter, time, cancel);
            }
        }
    }

    private async Task<string> AskAsync(CancellationToken cancel)
    {
        var first = new TaskCompletionSource<LogDelivery>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var session = await stream.OpenAsync(0, delivery => first.TrySetResult(delivery), cancel);
        if (session.IsNew || !await ComesAsync(first.Task, session, cancel))
        {
            // Of several new hubs that all begin it, the first in the log is right, and the others follow.
            await session.AppendAsync(LogEntryJson.Write(new LogEntry(StoreFolder.NewEpoch(), LogIdentity.NewSender(), 1, [], new LogBeginning(0))), cancel);
            for (var silent = 0; !await ComesAsync(first.Task, session, cancel); silent++)
            {
                var why = $"{session.Name} has taken the beginning of the log and does not give it back yet: most of the brokers may be away";
                if (silent == LongestSilence) throw new IOException(why);
                status.Cut(why);
            }
        }

        var delivery = await first.Task;
        var entry = LogEntryJson.Read(delivery.Entry.Span, delivery.Offset);
        if (entry.Begins is not { } beginning)
            throw new LogException($"The log's oldest entry is {delivery.Offset}; what was before it was dropped by its retention. Start this hub from a backup of another one: beertap restore FILE --keep-epoch.");
        if (beginning.After > 0)
            throw new LogException($"The log goes on from position {beginning.After} of its first hub's store. Start this hub from a backup of that one or a later one: beertap restore FILE --keep-epoch.");
        Log.Joined(log, entry.Epoch);
        return entry.Epoch;
    }

    private async Task<bool> ComesAsync(Task<LogDelivery> first, ILogSession session, CancellationToken cancel)
    {
        await Task.WhenAny(first, session.Closed, Task.Delay(Silence, time, cancel));
        cancel.ThrowIfCancellationRequested();
        if (first.IsCompleted) return true;
        return session.Closed.IsCompleted ? throw new IOException(await session.Closed) : false;
    }
}
