namespace BeerTap.Bench.Load;

/// <summary>
/// What was poured, when, and what was acknowledged. Each pour has a number, which travels as its volume: 100 ml and (number + 1) times 0.0001 ml,
/// so that whoever hears of the beer knows which pour it was. For one thread.
/// </summary>
internal sealed class PourBook
{
    /// <summary>As many as there are volumes.</summary>
    public const int Most = 8_990_000;

    private readonly long[] _sent = new long[Most];

    public int Count { get; private set; }

    public int Acknowledged { get; private set; }

    public int Refused { get; private set; }

    /// <summary>Pours from this number on are measured; those before warm up.</summary>
    public int Measured { get; private set; }

    public Latencies Answers { get; } = new();

    public Latencies Heard { get; } = new();

    /// <summary>What a listener's <see cref="Listener.Set"/> is once it has heard everything that was acknowledged.</summary>
    public ulong Set { get; private set; }

    /// <summary>The number of the first of so many new pours, sent then.</summary>
    public int Next(int pours, long now)
    {
        var first = Count;
        Count += pours;
        for (var number = first; number < Count; number++) _sent[number % Most] = now;
        return first;
    }

    public void Acknowledge(int first, int pours, long now)
    {
        Acknowledged += pours;
        for (var number = first; number < first + pours; number++) Set += Listener.Mark(number);
        if (first >= Measured) Answers.Add(now - _sent[first % Most]);
    }

    public void Refuse(int pours) => Refused += pours;

    public void Hear(int number, long now)
    {
        if (number >= Measured && number < Count) Heard.Add(now - _sent[number]);
    }

    /// <summary>The warm-up is over: from now on it counts.</summary>
    public void BeginMeasuring()
    {
        Measured = Count;
        Answers.Clear();
        Heard.Clear();
    }
}
