namespace BeerTap.Stress.Fuzz;

/// <summary>What went wrong, with all that is needed to see it again.</summary>
internal sealed class Findings(int seed)
{
    private const int Shown = 20;

    private readonly Lock _saying = new();
    private int _count;

    public int Count => _count;

    public void Add(string door, long number, ReadOnlySpan<byte> sent, string fault, Answer? answer = null)
    {
        if (Interlocked.Increment(ref _count) > Shown) return;
        lock (_saying)
        {
            Say(door, number, sent, fault, answer);
        }
    }

    private void Say(string door, long number, ReadOnlySpan<byte> sent, string fault, Answer? answer)
    {
        Verdict.Say($"{door}: {fault}");
        Verdict.Say($"   seed {seed}, case {number}; again with --seed {seed} --from {number / Door.BlockSize * Door.BlockSize} --cases {Door.BlockSize}");
        Verdict.Say($"   sent {Case.Escape(sent)}");
        if (answer is not null) Verdict.Say($"   answered {answer.Status} {Case.Escape(answer.Body)}");
    }
}
