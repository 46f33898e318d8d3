using BeerTap.Client.Load;

namespace BeerTap.Client.Tests.Load;

public sealed class FiguresTests
{
    [Fact]
    public void PercentilesAreNeverLessThanTheyWereAndLessThanAHundredthMore()
    {
        var latencies = new Latencies();
        var random = new Random(20261121);
        var times = Enumerable.Range(0, 10_000).Select(_ => Math.Exp(random.NextDouble() * 14) / 50).Order().ToList();
        times.ForEach(time => latencies.Add(TimeSpan.FromMilliseconds(time)));
        foreach (var part in new[] { 0.001, 0.5, 0.9, 0.99, 0.999 })
        {
            var exact = times[(int)Math.Ceiling(times.Count * part) - 1];
            Assert.InRange(latencies.Percentile(part)!.Value, exact, (exact * 1.01) + 0.001);
        }

        Assert.InRange(latencies.Percentile(1)!.Value, times[^1], times[^1] + 0.001);
    }

    [Fact]
    public void WithoutATimeThereIsNoPercentile() => Assert.Null(new Latencies().Percentile(0.5));

    [Fact]
    public void AVolumeTellsWhichPourItIs()
    {
        var numbers = new PourNumbers(firstTap: 5, taps: 7, pours: 20_000, offset: PourNumbers.Most - 100);
        var volumes = Enumerable.Range(0, numbers.Pours).Select(numbers.VolumeOf).ToList();
        Assert.Equal(numbers.Pours, volumes.Distinct().Count());
        Assert.All(volumes, volume => Assert.InRange(volume, 100.0001m, 999.9999m));
        Assert.All(Enumerable.Range(0, numbers.Pours), number => Assert.Equal(number, numbers.NumberOf(Beer(volumes[number], numbers.TapOf(number)))));
        Assert.Null(numbers.NumberOf(Beer(volumes[3], numbers.TapOf(4))));
        Assert.Null(numbers.NumberOf(Beer(numbers.VolumeOf(numbers.Pours), numbers.TapOf(numbers.Pours))));
        Assert.Null(numbers.NumberOf(Beer(100m, 5)));
        Assert.Null(numbers.NumberOf(Beer(1000m, 5)));
        Assert.Null(numbers.NumberOf(Beer(500.00005m, 5)));
    }

    private static Beer Beer(decimal volume, int tap) => new(1, "pint", volume, DateTimeOffset.UnixEpoch, tap);
}
