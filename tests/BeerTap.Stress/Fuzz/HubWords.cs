using System.Collections.Concurrent;

namespace BeerTap.Stress.Fuzz;

/// <summary>What a hub wrote to its log that it must not have to: an error of its own.</summary>
internal sealed class HubWords
{
    private const int Kept = 20;

    /// <summary>How much of the stack trace behind an error is kept.</summary>
    private const int LinesBehind = 4;

    private readonly ConcurrentQueue<string> _errors = [];
    private int _count;
    private int _behind;

    public int Errors => _count;

    public void Hear(string line)
    {
        // Lines look like "18:30:00 ERR …"; what else says of a fault is a stack trace.
        var isError = line.Contains(" ERR ", StringComparison.Ordinal) || line.Contains(" FTL ", StringComparison.Ordinal) || line.StartsWith("Unhandled", StringComparison.Ordinal);
        if (isError) (_count, _behind) = (_count + 1, LinesBehind);
        else if (_behind-- <= 0) return;
        if (_count <= Kept) _errors.Enqueue(line);
    }

    public void Check(Verdict verdict, string hub)
    {
        foreach (var line in _errors) Verdict.Say(line);
        verdict.Check(_count == 0, $"the {hub} hub logged {_count} errors");
    }
}
