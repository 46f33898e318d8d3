using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// Hands what waits to the log that hubs share, and has applied what comes out of it, this hub's own and all others', in the log's order. A caller is
/// answered when its entry came out of the log, which is after most of the engine's nodes had it, and was flushed to this hub's own disk.
/// </summary>
/// <remarks>
/// Exactly once: an entry that was sent again after a broken connection has the number it had, and every hub passes over numbers it knows. Which
/// pours are replays is decided when they are applied. What did not come through in time is answered 503; should it come later, every hub applies
/// it, and a caller that sent it again with the same pour id gets the same beer.<br/>
/// Two threads of its own, since both block: one gathers and hands over, one applies. The connection is kept by a task.
/// </remarks>
internal sealed class ReplicatedCommitter : ICommitter
{
    /// <summary>Entries on their way at once. While they are, the next commands gather.</summary>
    private const int MostPending = 4;

    /// <summary>
    /// Commands in an entry, beyond which no more submissions join it: a few hundred kilobytes at most times, and never so much that an engine's
    /// client would not read it.
    /// </summary>
    private const int MostInEntry = 2_000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly ReplicationOptions _options;
    private readonly LogStatus _status;
    private readonly TimeProvider _time;
    private readonly SubmissionQueue _queue;
    private readonly PendingEntries _pending;
    private readonly LogSender _sender;
    private readonly LogConnection _connection;
    private readonly LogApplier _applier;
    private readonly ReceivedEntries _received = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _handingOver, _applying;
    private readonly ISharedKeys? _keys;
    private Task _connected = Task.CompletedTask, _watched = Task.CompletedTask, _told = Task.CompletedTask;

    /// <param name="refuse">Told once when the hub and the log turn out not to belong together.</param>
    /// <exception cref="LogException">The store's place in the log is not understood, or the store went on without the log.</exception>
    public ReplicatedCommitter(
        LogWriter writer, ILogStream stream, string epoch, ReplicationOptions options, IntakeOptions intake, LogStatus status, Action<LogException> refuse, TimeProvider time, ILogger log,
        ISharedKeys? keys = null)
    {
        (_options, _status, _time) = (options, status, time);
        var bookmark = writer.Bookmark is { } kept ? LogBookmark.Read(kept) : LogBookmark.Start(writer.Head);
        if (bookmark.Head != writer.Head) throw Aside(bookmark, writer.Head);
        status.Offset = bookmark.Offset;
        _queue = new SubmissionQueue(intake.QueueCapacity, Math.Min(intake.MaxCommit, MostInEntry));
        _pending = new PendingEntries(MostPending, time);
        status.Watch(() => _pending.Unproven, () => _pending.CameThrough, () => _pending.Count);
        var own = new LogIdentity(epoch, bookmark.Offset, bookmark.Sender, writer.Head);
        _sender = new LogSender(own, _pending, options, time, log);
        _connection = new LogConnection(stream, own, _sender, _pending, _received, status, options, refuse, time, log);
        _applier = new LogApplier(writer, _received, _pending, own.Sender, bookmark, intake, status, time, log, keys);
        _keys = keys;
        writer.Meter.Watch(() => Waiting);
        _handingOver = new Thread(HandOver) { Name = "log out", IsBackground = true };
        _applying = new Thread(() => _applier.Run(_stop.Token)) { Name = "log in", IsBackground = true };
    }

    public int Waiting => _queue.Waiting;

    public Task<Outcome> SubmitAsync(Command command) => _queue.SubmitAsync(command);

    public Task<Outcome[]> SubmitTogetherAsync(params Command[] commands) => _queue.SubmitTogetherAsync(commands);

    public void Start()
    {
        _handingOver.Start();
        _applying.Start();
        _connected = Task.Run(() => _connection.KeepAsync(_stop.Token));
        _watched = Task.Run(WatchAsync);
        if (_keys is not null) _told = Task.Run(() => _keys.TellAsync(_sender.TellAsync, _stop.Token));
    }

    /// <summary>What waits is still handed over, and answered when it came through or its time is up.</summary>
    public void Dispose()
    {
        _queue.Close();
        if (_handingOver.IsAlive) _handingOver.Join();
        _stop.Cancel();
        Task.WhenAll(_connected, _watched, _told).GetAwaiter().GetResult();
        _received.Close();
        if (_applying.IsAlive) _applying.Join();
        _sender.Dispose();
        _stop.Dispose();
    }

    private void HandOver()
    {
        var gathered = new List<Submission>();
        while (Gather(gathered) is > 0 and var commands)
        {
            if (Refusal() is { } refusal) Answer(gathered, commands, refusal);
            else if (!_sender.Send([.. gathered], _queue)) Answer(gathered, commands, NotInTime);
            gathered.Clear();
        }

        // The last ones come through, or their time is up.
        _pending.WaitUntilEmpty(_options.Timeout);
        GiveUp(TimeSpan.Zero);
    }

    private void Answer(List<Submission> submissions, int commands, Outcome outcome)
    {
        _queue.Answered(commands);
        foreach (var submission in submissions) submission.AnswerAll(outcome);
    }

    private int Gather(List<Submission> gathered)
    {
        // Entries cost every hub and broker more than commands do: while one is on its way, the next goes out once it holds as much.
        _queue.WaitForAny();
        _pending.WaitForTurn(() => _queue.Ready);
        return _queue.Gather(gathered);
    }

    /// <summary>Why nothing can be taken in at all, so that nobody waits in vain.</summary>
    private Outcome? Refusal()
    {
        if (_status.StoreTrouble is not null) return new Outcome(OutcomeKind.StoreUnavailable, Fault: _status.StoreFault);
        return _pending.Unproven > _options.Timeout || _status.Fatal is not null ? NotInTime : null;
    }

    private static LogException Aside(LogBookmark bookmark, long head) => new(
        $"This store stands at position {head}, but at {bookmark.Head} when it last applied the log: a hub on its own took something in meanwhile, which no other hub has. Start this hub from a backup of another one (beertap restore FILE --keep-epoch); or begin a new log with this store: back it up, restore it without --keep-epoch, and give it a new stream (Log:Stream).");

    private static Outcome NotInTime => new(OutcomeKind.StoreUnavailable, Fault: StoreFault.LogUnavailable);

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token)) GiveUp(_options.Timeout);
        }
        catch (OperationCanceledException)
        {
            // The hub stops.
        }
    }

    private void GiveUp(TimeSpan olderThan)
    {
        foreach (var entry in _pending.GiveUp(olderThan)) entry.AnswerAll(NotInTime);
    }
}
