using System.Numerics;

namespace BeerTap.Client.Load;

/// <summary>
/// How long something took, from a microsecond on; may be added to by many threads. Times are sorted into steps that are less than
/// a hundredth of themselves, and a percentile is the upper end of its step: never less than it was. The longest is exact.
/// </summary>
internal sealed class Latencies
{
    private const int StepBits = 7;
    private const int Steps = 1 << StepBits;

    private readonly long[] _counts = new long[(64 - StepBits) * Steps];
    private long _count;
    private long _longest;

    public long Count => Interlocked.Read(ref _count);

    public void Add(TimeSpan time)
    {
        var microseconds = Math.Max(0, (long)Math.Ceiling(time.TotalMicroseconds));
        Interlocked.Increment(ref _counts[StepOf(microseconds)]);
        Interlocked.Increment(ref _count);
        for (var longest = Interlocked.Read(ref _longest); microseconds > longest;)
        {
            var before = Interlocked.CompareExchange(ref _longest, microseconds, longest);
            longest = before == longest ? microseconds : before;
        }
    }

    /// <summary>The time within which this part of them lies, in milliseconds; null when there are none.</summary>
    public double? Percentile(double part)
    {
        var rest = (long)Math.Ceiling(Count * part);
        if (rest == 0)
        {
            return null;
        }

        var step = 0;
        for (rest -= _counts[0]; rest > 0; rest -= _counts[step])
        {
            step++;
        }

        return Math.Min(EndOf(step), _longest) / 1000.0;
    }

    // The first two octaves have a step for each microsecond; each further one has as many steps as the one before.
    private static int StepOf(long microseconds)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)microseconds) - StepBits);
        return (shift * Steps) + (int)(microseconds >> shift);
    }

    private static long EndOf(int step)
    {
        var shift = Math.Max(0, (step / Steps) - 1);
        return ((step - ((long)shift * Steps) + 1) << shift) - 1;
    }
}
