using System.Diagnostics;

namespace BeerTap.Stress;

/// <summary>How long something took, in steps of 0.1 ms up to 60 s; may be added to by many threads.</summary>
internal sealed class Latencies
{
    private const int StepsPerSecond = 10_000;

    private readonly long[] _counts = new long[60 * StepsPerSecond];
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Add(long from, long to)
    {
        var step = (to - from) * StepsPerSecond / Stopwatch.Frequency;
        Interlocked.Increment(ref _counts[Math.Clamp(step, 0, _counts.Length - 1)]);
        Interlocked.Increment(ref _count);
    }

    /// <summary>The time within which this part of them lies, in milliseconds.</summary>
    public double Percentile(double part)
    {
        var rest = (long)Math.Ceiling(Count * part);
        for (var step = 0; step < _counts.Length; step++)
        {
            rest -= _counts[step];
            if (rest <= 0) return (step + 1) * 1000.0 / StepsPerSecond;
        }

        return double.PositiveInfinity;
    }

    public override string ToString() => $"p50 {Percentile(0.5):0.0} ms, p99 {Percentile(0.99):0.0} ms, longest {Percentile(1):0.0} ms";
}
