using System.Diagnostics;
using System.Threading.Channels;

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
    private readonly Channel<Submission> _waiting = Channel.CreateUnbounded<Submission>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;
    private int _waitingCommands;

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
    public int Waiting => Volatile.Read(ref _waitingCommands);

    /// <summary>Hands over commands that belong into one transaction; the answers come when it is on the disk.</summary>
    public Task<Outcome[]> SubmitAsync(params Command[] commands)
    {
        if (Interlocked.Add(ref _waitingCommands, commands.Length) > _options.QueueCapacity)
        {
            Interlocked.Add(ref _waitingCommands, -commands.Length);
            return Task.FromResult(Answers(commands, OutcomeKind.IntakeFull));
        }

        var submission = new Submission(commands);
        if (_waiting.Writer.TryWrite(submission)) return submission.Task;

        Interlocked.Add(ref _waitingCommands, -commands.Length);
        return Task.FromResult(Answers(commands, OutcomeKind.StoreUnavailable));
    }

    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        if (_thread != Thread.CurrentThread) _thread.Join();
    }

    private void Run()
    {
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            var commands = 0;
            while (commands < _options.MaxCommit && _waiting.Reader.TryRead(out var submission))
            {
                _gathered.Add(submission);
                commands += submission.Commands.Length;
            }

            Commit(_gathered);
            _gathered.Clear();
            Interlocked.Add(ref _waitingCommands, -commands);
        }
    }

    private void Commit(List<Submission> submissions)
    {
        LogBatch batch;
        List<Outcome[]> answers;
        var trace = IntakeTrace.Begin(submissions, submission => submission.Post);
        try
        {
            (batch, answers) = CommitTogether(submissions);
            IntakeTrace.Committed(trace, batch);
        }
        catch (Exception fault) when (submissions.Count > 1 && fault is not StoreException { Fault: not StoreFault.Refused })
        {
            IntakeTrace.Failed(trace, fault);

            // One of them may be what the store cannot take: each alone, so that it cannot fail its neighbours. A fault of the store itself
            // would only fail each of them.
            Log.CommitRetriedAlone(_log, submissions.Count, fault.Message);
            foreach (var submission in submissions) Commit([submission]);
            return;
        }
        catch (Exception fault)
        {
            Log.CommitFailed(_log, fault, submissions.Sum(submission => submission.Commands.Length));
            var kind = (fault as StoreException)?.Fault ?? StoreFault.Unavailable;
            IntakeTrace.Failed(trace, fault);
            _meter.Failed(kind);
            foreach (var submission in submissions) submission.SetResult(Answers(submission.Commands, OutcomeKind.StoreUnavailable, kind));
            return;
        }

        // From here on it is on the disk: nothing may take it for failed any more.
        if (batch.Events.Count > 0) _committed(batch);
        for (var i = 0; i < submissions.Count; i++) submissions[i].SetResult(answers[i]);
        if (batch.Events.Count > 0) Announce(new CommittedBatch(batch.Events) { Commit = trace });
    }

    private (LogBatch Batch, List<Outcome[]> Answers) CommitTogether(List<Submission> submissions)
    {
        var began = _meter.Begin();
        var batch = new LogBatch(_head);
        var answers = submissions.ConvertAll(submission => Array.ConvertAll(submission.Commands, command => _sequencer.Decide(command, batch)));
        if (batch.Events.Count > 0)
        {
            _store.Append(batch);
            _head = batch.Head;
            _meter.Committed(batch, began);
        }

        return (batch, answers);
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

    private static Outcome[] Answers(Command[] commands, OutcomeKind kind, StoreFault fault = StoreFault.Unavailable) =>
        Array.ConvertAll(commands, _ => new Outcome(kind, Fault: fault));

    /// <summary>The commands of one caller and the promise of their answers; continuations never run on the committer thread.</summary>
    private sealed class Submission(Command[] commands) : TaskCompletionSource<Outcome[]>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Command[] Commands { get; } = commands;

        /// <summary>The request in a trace; null when nobody follows it.</summary>
        public Activity? Post { get; } = IntakeTrace.Post();
    }
}
