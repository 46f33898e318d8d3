namespace BeerTap.Server.Storage;

/// <summary>
/// Puts the commands that wait into one transaction and one fsync; while that runs, the next ones gather. Each caller gets its own answer,
/// after the disk has it.
/// </summary>
/// <remarks>
/// One thread of its own does all of it: an fsync blocks, and a blocked thread of the pool would hold up the very requests that are to be
/// gathered. Shutdown: no more is taken, what waits is committed and answered, then the thread ends.
/// </remarks>
internal sealed class GroupCommitter : ICommitter
{
    private readonly SubmissionQueue _queue;
    private readonly Thread _thread;

    // The committer thread's own.
    private readonly LogWriter _writer;
    private readonly List<Submission> _gathered = [];

    public GroupCommitter(LogWriter writer, IntakeOptions options)
    {
        (_writer, _queue) = (writer, new SubmissionQueue(options.QueueCapacity, options.MaxCommit));
        writer.Meter.Watch(() => Waiting);
        _thread = new Thread(Run) { Name = "group committer", IsBackground = true };
        _thread.Start();
    }

    public int Waiting => _queue.Waiting;

    public Task<Outcome> SubmitAsync(Command command) => _queue.SubmitAsync(command);

    public Task<Outcome[]> SubmitTogetherAsync(params Command[] commands) => _queue.SubmitTogetherAsync(commands);

    public void Dispose()
    {
        _queue.Close();
        if (_thread != Thread.CurrentThread) _thread.Join();
    }

    private void Run()
    {
        while (_queue.Gather(_gathered) is > 0 and var commands)
        {
            Commit(_gathered, commands);
            _gathered.Clear();
            _queue.Answered(commands);
        }
    }

    private void Commit(List<Submission> submissions, int commands)
    {
        LogBatch batch;
        var trace = IntakeTrace.Begin(submissions, submission => submission.Post);
        try
        {
            batch = _writer.Write(commands, (sequencer, batch) =>
            {
                foreach (var submission in submissions) submission.Decide(sequencer, batch);
            });
            IntakeTrace.Committed(trace, batch);
        }
        catch (Exception fault) when (submissions.Count > 1 && fault is not StoreException { Fault: not StoreFault.Refused })
        {
            IntakeTrace.Failed(trace, fault);

            // One of them may be what the store cannot take: each alone, so that it cannot fail its neighbours. A fault of the store itself
            // would only fail each of them.
            Log.CommitRetriedAlone(_writer.Logger, submissions.Count, fault.Message);
            foreach (var submission in submissions) Commit([submission], submission.Count);
            return;
        }
        catch (Exception fault)
        {
            Log.CommitFailed(_writer.Logger, fault, commands);
            var outcome = new Outcome(OutcomeKind.StoreUnavailable, Fault: (fault as StoreException)?.Fault ?? StoreFault.Unavailable);
            IntakeTrace.Failed(trace, fault);
            _writer.Meter.Failed(outcome.Fault);
            foreach (var submission in submissions) submission.AnswerAll(outcome);
            return;
        }

        _writer.Count(batch);
        foreach (var submission in submissions) submission.AnswerAsDecided();
        _writer.Announce(batch, trace);
    }
}
