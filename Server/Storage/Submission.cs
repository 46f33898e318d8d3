using System.Diagnostics;

namespace BeerTap.Server.Storage;

/// <summary>What one caller submitted, and the promise of its answer; continuations never run on the thread that answers.</summary>
internal abstract class Submission
{
    /// <summary>How many commands it holds.</summary>
    public abstract int Count { get; }

    /// <summary>The commands, in the order their outcomes are wanted.</summary>
    public abstract IEnumerable<Command> Commands { get; }

    /// <summary>The request in a trace; null when nobody follows it.</summary>
    public Activity? Post { get; } = IntakeTrace.Post();

    /// <summary>Decides each command, again from the beginning when it was decided before.</summary>
    public abstract void Decide(Sequencer sequencer, LogBatch batch);

    public abstract void AnswerAsDecided();

    /// <summary>Answers with what was decided elsewhere, a command each.</summary>
    public abstract void Answer(ReadOnlySpan<Outcome> outcomes);

    public abstract void AnswerAll(Outcome outcome);
}

/// <summary>A command on its own.</summary>
internal sealed class SingleSubmission(Command command) : Submission
{
    private readonly TaskCompletionSource<Outcome> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Outcome _decided;

    public Task<Outcome> Answered => _answer.Task;

    public override int Count => 1;

    public override IEnumerable<Command> Commands => [command];

    public override void Decide(Sequencer sequencer, LogBatch batch) => _decided = sequencer.Decide(command, batch);

    public override void AnswerAsDecided() => _answer.SetResult(_decided);

    public override void Answer(ReadOnlySpan<Outcome> outcomes) => _answer.SetResult(outcomes[0]);

    public override void AnswerAll(Outcome outcome) => _answer.SetResult(outcome);
}

/// <summary>Commands that belong into one transaction.</summary>
internal sealed class GroupSubmission(Command[] commands) : Submission
{
    private readonly TaskCompletionSource<Outcome[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Outcome[] _decided = new Outcome[commands.Length];

    public Task<Outcome[]> Answered => _answer.Task;

    public override int Count => commands.Length;

    public override IEnumerable<Command> Commands => commands;

    public override void Decide(Sequencer sequencer, LogBatch batch)
    {
        for (var i = 0; i < commands.Length; i++) _decided[i] = sequencer.Decide(commands[i], batch);
    }

    public override void AnswerAsDecided() => _answer.SetResult(_decided);

    public override void Answer(ReadOnlySpan<Outcome> outcomes)
    {
        outcomes.CopyTo(_decided);
        AnswerAsDecided();
    }

    public override void AnswerAll(Outcome outcome)
    {
        Array.Fill(_decided, outcome);
        AnswerAsDecided();
    }
}
