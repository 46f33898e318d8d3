using System.Diagnostics;

namespace BeerTap.Server.Storage;

/// <summary>
/// Puts the commands that wait into one transaction and one fsync; while that runs, the next ones gather. Each caller gets its own answer,
/// after the disk has it.
/// </summary>
/// <remarks>
/// One thread of its own does all of it: an fsync blocks, and a blocked thread of the pool would hold up the very requests that are to be
/// gathered. Shutdown: no more is taken, what waits is committed and answered, then the thread ends.
/// </remarks>
internal sealed class GroupCommitter : IDisposable
{
    // Shared.
    private readonly IntakeOptions _options;
    private readonly ILogger _log;
    private readonly Thread _thread;

    // Guarded by itself. A monitor, because its wait neither spins nor yields: where the committer shares a core with those who submit, that is their time.
    private readonly Queue<Submission> _waiting = [];
    private int _waitingCommands;
    private bool _over;

    // The committer thread's own.
    private readonly IBeerStore _store;
    private readonly Sequencer _sequencer;
    private readonly Action<LogBatch> _committed;
    private readonly Action<CommittedBatch> _announce;
    private readonly IntakeMeter _meter;
    private readonly List<Submission> _gathered = [];
    private long _head;

    /// <param name="committed">Called when a batch is on the disk, before its callers are answered.</param>
    /// <param name="announce">Called after its callers were answered, in commit order.</param>
    public GroupCommitter(
        IBeerStore store, IntakeOptions options, Action<LogBatch> committed, Action<CommittedBatch> announce, IntakeMeter meter, ILogger log)
    {
        (_store, _options, _committed, _announce, _meter, _log) = (store, options, committed, announce, meter, log);
        meter.Watch(() => Waiting);
        _sequencer = new Sequencer(store);
        _head = store.Head;
        _thread = new Thread(Run) { Name = "group committer", IsBackground = true };
        _thread.Start();
    }

    /// <summary>How many commands wait for the store.</summary>
    public int Waiting
    {
        get { lock (_waiting) return _waitingCommands; }
    }

    /// <summary>Hands over a command; the answer comes when it is on the disk.</summary>
    public Task<Outcome> SubmitAsync(Command command)
    {
        var submission = new One(command);
        Submit(submission);
        return submission.Answer.Task;
    }

    /// <summary>Hands over commands that belong into one transaction; the answers come when it is on the disk.</summary>
    public Task<Outcome[]> SubmitTogetherAsync(params Command[] commands)
    {
        var submission = new Several(commands);
        Submit(submission);
        return submission.Answer.Task;
    }

    public void Dispose()
    {
        lock (_waiting)
        {
            _over = true;
            Monitor.Pulse(_waiting);
        }

        if (_thread != Thread.CurrentThread) _thread.Join();
    }

    private void Submit(Submission submission)
    {
        OutcomeKind refusal;
        lock (_waiting)
        {
            if (!_over && _waitingCommands + submission.Commands <= _options.QueueCapacity)
            {
                _waitingCommands += submission.Commands;
                _waiting.Enqueue(submission);
                if (_waiting.Count == 1) Monitor.Pulse(_waiting);
                return;
            }

            refusal = _over ? OutcomeKind.StoreUnavailable : OutcomeKind.IntakeFull;
        }

        submission.AnswerAll(new Outcome(refusal));
    }

    private void Run()
    {
        while (Gather() is > 0 and var commands)
        {
            Commit(_gathered, commands);
            _gathered.Clear();
            lock (_waiting) _waitingCommands -= commands;
        }
    }

    /// <summary>Takes what waits, as much as one transaction may hold; waits for it. How many commands it is; 0 when no more will come.</summary>
    private int Gather()
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0)
            {
                if (_over) return 0;
                Monitor.Wait(_waiting);
            }

            var commands = 0;
            while (commands < _options.MaxCommit && _waiting.TryDequeue(out var submission))
            {
                _gathered.Add(submission);
                commands += submission.Commands;
            }

            return commands;
        }
    }

    private void Commit(IReadOnlyList<Submission> submissions, int commands)
    {
        LogBatch batch;
        var trace = IntakeTrace.Begin(submissions, submission => submission.Post);
        try
        {
            batch = CommitTogether(submissions, commands);
            IntakeTrace.Committed(trace, batch);
        }
        catch (Exception fault) when (submissions.Count > 1 && fault is not StoreException { Fault: not StoreFault.Refused })
        {
            IntakeTrace.Failed(trace, fault);

            // One of them may be what the store cannot take: each alone, so that it cannot fail its neighbours. A fault of the store itself
            // would only fail each of them.
            Log.CommitRetriedAlone(_log, submissions.Count, fault.Message);
            foreach (var submission in submissions) Commit([submission], submission.Commands);
            return;
        }
        catch (Exception fault)
        {
            Log.CommitFailed(_log, fault, commands);
            var outcome = new Outcome(OutcomeKind.StoreUnavailable, Fault: (fault as StoreException)?.Fault ?? StoreFault.Unavailable);
            IntakeTrace.Failed(trace, fault);
            _meter.Failed(outcome.Fault);
            foreach (var submission in submissions) submission.AnswerAll(outcome);
            return;
        }

        // From here on it is on the disk: nothing may take it for failed any more.
        if (batch.Events.Count > 0) _committed(batch);
        foreach (var submission in submissions) submission.AnswerAsDecided();
        if (batch.Events.Count > 0) Announce(new CommittedBatch(batch.Events) { Commit = trace });
    }

    private LogBatch CommitTogether(IReadOnlyList<Submission> submissions, int commands)
    {
        var began = _meter.Begin();
        var batch = new LogBatch(_head, commands);
        foreach (var submission in submissions) submission.Decide(_sequencer, batch);
        if (batch.Events.Count > 0)
        {
            _store.Append(batch);
            _head = batch.Head;
            _meter.Committed(batch, began);
        }

        return batch;
    }

    private void Announce(CommittedBatch batch)
    {
        try
        {
            _announce(batch);
        }
        catch (Exception fault)
        {
            // The batch is on the disk and answered, so the intake goes on; an observer that missed it finds it in the store.
            Log.AnnounceFailed(_log, fault, batch.Last);
        }
    }

    /// <summary>What one caller submitted, and the promise of its answer; continuations never run on the committer thread.</summary>
    private abstract class Submission
    {
        public abstract int Commands { get; }

        /// <summary>The request in a trace; null when nobody follows it.</summary>
        public Activity? Post { get; } = IntakeTrace.Post();

        /// <summary>Decides each command, again from the beginning when it was decided before.</summary>
        public abstract void Decide(Sequencer sequencer, LogBatch batch);

        public abstract void AnswerAsDecided();

        public abstract void AnswerAll(Outcome outcome);
    }

    private sealed class One(Command command) : Submission
    {
        private Outcome _decided;

        public TaskCompletionSource<Outcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override int Commands => 1;

        public override void Decide(Sequencer sequencer, LogBatch batch) => _decided = sequencer.Decide(command, batch);

        public override void AnswerAsDecided() => Answer.SetResult(_decided);

        public override void AnswerAll(Outcome outcome) => Answer.SetResult(outcome);
    }

    private sealed class Several(Command[] commands) : Submission
    {
        private readonly Outcome[] _decided = new Outcome[commands.Length];

        public TaskCompletionSource<Outcome[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override int Commands => commands.Length;

        public override void Decide(Sequencer sequencer, LogBatch batch)
        {
            for (var i = 0; i < commands.Length; i++) _decided[i] = sequencer.Decide(commands[i], batch);
        }

        public override void AnswerAsDecided() => Answer.SetResult(_decided);

        public override void AnswerAll(Outcome outcome)
        {
            Array.Fill(_decided, outcome);
            AnswerAsDecided();
        }
    }
}
