namespace BeerTap.Server.Storage;

/// <summary>The submissions that wait to be taken into the log: bounded, handed over by any thread, taken by one.</summary>
/// <param name="capacity">How many commands may wait.</param>
/// <param name="together">How many commands are gathered; the submission that reaches this number is the last one.</param>
internal sealed class SubmissionQueue(int capacity, int together)
{
    // Guarded by itself. A monitor, because its wait neither spins nor yields: where the one who takes shares a core with those who submit, that is their time.
    private readonly Queue<Submission> _waiting = [];
    private int _waitingCommands;
    private bool _over;

    /// <summary>How many commands were handed over and have no answer yet.</summary>
    public int Waiting
    {
        get { lock (_waiting) return _waitingCommands; }
    }

    public Task<Outcome> SubmitAsync(Command command)
    {
        var submission = new SingleSubmission(command);
        Submit(submission);
        return submission.Answered;
    }

    public Task<Outcome[]> SubmitTogetherAsync(Command[] commands)
    {
        var submission = new GroupSubmission(commands);
        Submit(submission);
        return submission.Answered;
    }

    /// <summary>How many submissions wait to be taken.</summary>
    public int Ready
    {
        get { lock (_waiting) return _waiting.Count; }
    }

    /// <summary>Waits until one can be taken, or no more will come.</summary>
    public void WaitForAny()
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0 && !_over) Monitor.Wait(_waiting);
        }
    }

    /// <summary>Takes what waits, as much as one transaction may hold; waits for it. How many commands it is; 0 when no more will come.</summary>
    public int Gather(List<Submission> gathered)
    {
        lock (_waiting)
        {
            WaitForAny();
            var commands = 0;
            while (commands < together && _waiting.TryDequeue(out var submission))
            {
                gathered.Add(submission);
                commands += submission.Count;
            }

            return commands;
        }
    }

    /// <summary>So many commands have their answer.</summary>
    public void Answered(int commands)
    {
        lock (_waiting) _waitingCommands -= commands;
    }

    /// <summary>From now on no more is taken in; what waits can still be gathered.</summary>
    public void Close()
    {
        lock (_waiting)
        {
            _over = true;
            Monitor.Pulse(_waiting);
        }
    }

    private void Submit(Submission submission)
    {
        OutcomeKind refusal;
        lock (_waiting)
        {
            if (!_over && _waitingCommands + submission.Count <= capacity)
            {
                _waitingCommands += submission.Count;
                _waiting.Enqueue(submission);
                if (_waiting.Count == 1) Monitor.Pulse(_waiting);
                return;
            }

            refusal = _over ? OutcomeKind.StoreUnavailable : OutcomeKind.IntakeFull;
        }

        submission.AnswerAll(new Outcome(refusal));
    }
}
