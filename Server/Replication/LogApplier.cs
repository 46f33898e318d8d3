using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// Applies what comes out of the log to this hub's store, in order, as many entries in a transaction as wait, and answers this hub's own callers.
/// One thread; what is in the log cannot be left out, so while the store fails it tries again.
/// </summary>
internal sealed class LogApplier(
    LogWriter writer, ReceivedEntries received, PendingEntries pending, string sender, LogBookmark start, IntakeOptions options,
    LogStatus status, TimeProvider time, ILogger log, ISharedKeys? keys = null)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Entries that ask for nothing cost no transaction, unless the store's bookmark would fall so far behind that the log may drop its place.</summary>
    private const int LongestWithoutBookmark = 1_000;

    private LogBookmark _bookmark = start;
    private long _kept = start.Offset;
    private bool _alone = start.Offset < 0;

    /// <summary>Until no more comes, or the hub stops.</summary>
    public void Run(CancellationToken stop)
    {
        var group = new List<ReceivedEntry>();
        while (received.Take(group, options.MaxCommit) is { } commands)
        {
            while (!TryApply(group, commands))
            {
                // Whatever else comes is behind it; the log keeps all of it for the next start.
                Task.Delay(RetryAfter, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
                if (stop.IsCancellationRequested) return;
            }

            group.Clear();
        }
    }

    private bool TryApply(List<ReceivedEntry> group, int commands)
    {
        var own = group.Where(entry => entry.Entry.Sender == sender).ToList();
        var trace = IntakeTrace.Begin([.. own.SelectMany(entry => pending.SubmissionsOf(entry.Entry.Number))], submission => submission.Post);
        var bookmark = _bookmark.Copy();
        var decided = new Dictionary<long, Outcome[]>();
        LogBatch batch;
        try
        {
            // Before the bookmark goes past them; to hear of a key twice is to hear of it once.
            foreach (var (entry, _) in group)
            {
                if (entry.Keys is { } news) keys?.Hear(news);
                _alone &= entry.Sender == sender || entry.Begins is not null;
            }

            batch = writer.Write(commands, (sequencer, batch) =>
            {
                foreach (var (entry, delivery) in group)
                {
                    if (!bookmark.Pass(entry, delivery.Offset)) continue;
                    var outcomes = entry.Commands.Select(command => sequencer.Decide(command, batch)).ToArray();
                    if (entry.Sender == sender) decided[entry.Number] = outcomes;
                }

                batch.Bookmark = bookmark.ToBytes(batch.Head);
                batch.KeepsBookmarkAlone = bookmark.Offset - _kept >= LongestWithoutBookmark;
            });
        }
        catch (Exception fault)
        {
            IntakeTrace.Failed(trace, fault);
            HoldOn(own, fault);
            return false;
        }

        IntakeTrace.Committed(trace, batch);
        _bookmark = bookmark;
        if (batch.Events.Count > 0 || batch.KeepsBookmarkAlone) _kept = bookmark.Offset;
        writer.Count(batch);
        foreach (var (number, outcomes) in decided) Answer(number, outcomes);
        writer.Announce(batch, trace);
        status.Applied += group.Count;
        Applied(group[^1].Delivery, own.Count > 0);
        return true;
    }

    private void Answer(long number, Outcome[] outcomes)
    {
        var (entry, overtaken) = pending.Take(number);
        entry?.Answer(outcomes);
        AnswerLost(overtaken);
    }

    /// <summary>No hub will ever apply them, so this is the whole truth.</summary>
    private static void AnswerLost(IReadOnlyList<PendingEntry> overtaken)
    {
        foreach (var lost in overtaken) lost.AnswerAll(new Outcome(OutcomeKind.StoreUnavailable, Fault: StoreFault.LogUnavailable));
    }

    private void Applied(LogDelivery last, bool ownAmongThem)
    {
        status.Offset = last.Offset;
        if (ownAmongThem && !status.CaughtUp)
        {
            // What this start of the hub said stands behind all that was there when it connected.
            if (_alone) keys?.BeFirst();
            status.CaughtUp = true;
            Log.CaughtUp(log, last.Offset);
        }

        if (status.StoreTrouble is not null)
        {
            Log.StoreTakesAgain(log, last.Offset);
            status.StoreTrouble = null;
        }

        last.Session?.Took(last);
    }

    /// <summary>The store takes nothing now. Its callers are told; the entry stays the next one to apply.</summary>
    private void HoldOn(List<ReceivedEntry> own, Exception fault)
    {
        var outcome = new Outcome(OutcomeKind.StoreUnavailable, Fault: (fault as StoreException)?.Fault ?? StoreFault.Unavailable);
        writer.Meter.Failed(outcome.Fault);
        if (status.StoreTrouble is null) Log.StoreHoldsUp(log, fault, _bookmark.Offset);
        status.StoreFault = outcome.Fault;
        status.StoreTrouble = fault.Message;
        foreach (var entry in own)
        {
            var (waiting, overtaken) = pending.Take(entry.Entry.Number, applied: false);
            waiting?.AnswerAll(outcome);
            AnswerLost(overtaken);
        }
    }
}
