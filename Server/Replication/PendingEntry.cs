using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>An entry that this hub handed to the log and has not seen in it yet, and the callers who wait for it.</summary>
/// <param name="since">When it was made, as a timestamp.</param>
/// <param name="queue">Where the submissions waited; none for an entry of the connection's own.</param>
internal sealed class PendingEntry(LogEntry entry, IReadOnlyList<Submission> submissions, SubmissionQueue? queue, long since)
{
    public long Number => entry.Number;

    public byte[] Bytes { get; } = LogEntryJson.Write(entry);

    public long Since => since;

    public IReadOnlyList<Submission> Submissions => submissions;

    /// <summary>Answers each caller with what was decided, in the order of the entry's commands.</summary>
    public void Answer(ReadOnlySpan<Outcome> outcomes)
    {
        queue?.Answered(entry.Commands.Count);
        foreach (var submission in submissions)
        {
            submission.Answer(outcomes[..submission.Count]);
            outcomes = outcomes[submission.Count..];
        }
    }

    public void AnswerAll(Outcome outcome)
    {
        queue?.Answered(entry.Commands.Count);
        foreach (var submission in submissions) submission.AnswerAll(outcome);
    }
}
