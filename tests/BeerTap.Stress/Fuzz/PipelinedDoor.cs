using System.Text.Json;

namespace BeerTap.Stress.Fuzz;

/// <summary>A door for requests: those of a block go out at once on one connection, and are answered in their order.</summary>
internal abstract class PipelinedDoor(string name, int share, Uri hub, Findings findings) : Door(name, share)
{
    public override async Task RunAsync(Random random, long first, CancellationToken cancel)
    {
        var cases = Block(random, first);
        Count(cases.Count);
        using var wire = new Wire(hub);
        var answered = 0;
        try
        {
            await wire.ConnectAsync(cancel);
            var sending = wire.SendAsync(cases.SelectMany(one => one.Bytes).ToArray(), cancel);
            foreach (var one in cases)
            {
                var answer = await wire.AnswerAsync(one.IsHead, cancel);
                if (answer is null)
                {
                    findings.Add(Name, first + answered, one.Bytes, "no answer: the connection ended");
                    return;
                }

                if (Verdict(one, answer) is { } fault) findings.Add(Name, first + answered, one.Bytes, fault, answer);
                answered++;
                if (answer.Closes && answered < cases.Count)
                {
                    findings.Add(Name, first + answered - 1, one.Bytes, "the hub hung up on a request that was whole", answer);
                    return;
                }
            }

            await sending;
            await AfterAsync(wire, cancel);
        }
        catch (Exception fault) when (fault is FormatException or IOException or TimeoutException)
        {
            findings.Add(Name, first + answered, cases[Math.Min(answered, cases.Count - 1)].Bytes, fault.Message);
        }
    }

    /// <summary>The cases of a block; the identity of each is its number.</summary>
    protected abstract List<Case> Block(Random random, long first);

    /// <summary>What is done on the connection behind the last answer.</summary>
    protected virtual Task AfterAsync(Wire wire, CancellationToken cancel) => Task.CompletedTask;

    private static string? Verdict(Case one, Answer answer)
    {
        try
        {
            return one.Judge(answer);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or NullReferenceException or KeyNotFoundException)
        {
            return $"an answer of another form: {fault.Message}";
        }
    }
}
