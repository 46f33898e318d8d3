using System.Diagnostics;

namespace BeerTap.Bench.Load;

/// <summary>How long something took, in steps of 0.01 ms up to 20 s; for one thread.</summary>
internal sealed class Latencies
{
    private const int StepsPerSecond = 100_000;
    private static readonly double StepsPerTick = (double)StepsPerSecond / Stopwatch.Frequency;

    private readonly int[] _counts = new int[20 * StepsPerSecond];

    public long Count { get; private set; }

    public void Add(long ticks)
    {
        _counts[Math.Clamp((int)(ticks * StepsPerTick), 0, _counts.Length - 1)]++;
        Count++;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>The time within which this part of them lies, in milliseconds.</summary>
    public double Percentile(double part)
    {
        if (Count == 0) return double.NaN;
        var rest = (long)Math.Ceiling(Count * part);
        var step = 0;
        while (step < _counts.Length - 1 && (rest -= _counts[step]) > 0) step++;
        return (step + 1) * 1000.0 / StepsPerSecond;
    }

    public override string ToString() => FormattableString.Invariant($"p50 {Percentile(0.5):0.00} p99 {Percentile(0.99):0.00} longest {Percentile(1):0.00} ms");
}
