using System.Diagnostics;

namespace BeerTap.Server.Storage;

/// <summary>
/// Brings what was decided into the store, counts it and announces it. The committer's own, whichever committer that is: one thread at a time,
/// in log order.
/// </summary>
/// <param name="counted">Called when a batch is on the disk, before its callers are answered.</param>
/// <param name="announce">Called after its callers were answered, in commit order.</param>
internal sealed class LogWriter(IBeerStore store, Action<LogBatch> counted, Action<CommittedBatch> announce, IntakeMeter meter, ILogger log)
{
    private readonly Sequencer _sequencer = new(store);
    private long _head = store.Head;

    public IntakeMeter Meter => meter;

    public ILogger Logger => log;

    /// <summary>The number of the last position that was written.</summary>
    public long Head => _head;

    /// <summary>What whoever orders the log left with the last batch that was written; null when nothing.</summary>
    public byte[]? Bookmark { get; private set; } = store.Bookmark;

    /// <summary>Decides commands and appends what comes of them, in one transaction. When it returns, that is on the disk.</summary>
    /// <param name="expected">How many commands there are.</param>
    /// <param name="decide">Called once; what it leaves in the batch is appended.</param>
    /// <exception cref="StoreException">Nothing was appended.</exception>
    public LogBatch Write(int expected, Action<Sequencer, LogBatch> decide)
    {
        var began = meter.Begin();
        var batch = new LogBatch(_head, expected);
        decide(_sequencer, batch);
        if (batch.Events.Count == 0 && !batch.KeepsBookmarkAlone) return batch;
        store.Append(batch);
        _head = batch.Head;
        if (batch.Bookmark is not null) Bookmark = batch.Bookmark;
        meter.Committed(batch, began);
        return batch;
    }

    /// <summary>The batch is on the disk: from here on nothing may take it for failed.</summary>
    public void Count(LogBatch batch)
    {
        if (batch.Events.Count > 0) counted(batch);
    }

    /// <summary>Tells the observers, once the callers were answered.</summary>
    public void Announce(LogBatch batch, Activity? commit)
    {
        if (batch.Events.Count == 0) return;
        var committed = new CommittedBatch(batch.Events) { Commit = commit };
        try
        {
            announce(committed);
        }
        catch (Exception fault)
        {
            // The batch is on the disk and answered, so the intake goes on; an observer that missed it finds it in the store.
            Log.AnnounceFailed(log, fault, committed.Last);
        }
    }
}
