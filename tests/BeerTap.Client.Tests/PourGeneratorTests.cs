using System.Text.RegularExpressions;
using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed partial class PourGeneratorTests
{
    [Fact]
    public void TheSameSeedAndTapPourTheSameVolumes() => Assert.Equal(Volumes(seed: 42, tap: 7), Volumes(seed: 42, tap: 7));

    [Fact]
    public void TheVolumesOfASeedStayTheSameFromVersionToVersion() => Assert.Equal([305.2m, 114.1m, 912.1m], Volumes(seed: 1, tap: 1)[..3]);

    [Fact]
    public void AnotherSeedOrTapPoursOtherVolumes()
    {
        Assert.NotEqual(Volumes(seed: 42, tap: 7), Volumes(seed: 43, tap: 7));
        Assert.NotEqual(Volumes(seed: 42, tap: 7), Volumes(seed: 42, tap: 8));
    }

    [Fact]
    public void WaitsDoNotChangeTheVolumes()
    {
        var generator = new PourGenerator(42, 7, TimeProvider.System);
        var volumes = Enumerable.Range(0, 100).Select(_ =>
        {
            generator.NextWait(TimeSpan.FromSeconds(1));
            return generator.Next().Volume;
        });
        Assert.Equal(Volumes(42, 7), volumes);
    }

    [Fact]
    public void VolumesAreFrom100To1000MillilitresWithOneDecimal()
    {
        var volumes = Enumerable.Range(1, 100).SelectMany(tap => Volumes(3, tap)).ToList();
        Assert.All(volumes, volume => Assert.InRange(volume, 100m, 1000m));
        Assert.All(volumes, volume => Assert.Equal(decimal.Round(volume, 1), volume));
        Assert.InRange(volumes.Average(), 530m, 570m);
    }

    [Fact]
    public void PourIdsAreUniqueAndWrittenAs32LowerCaseHexDigits()
    {
        var ids = Enumerable.Range(1, 10).SelectMany(tap => Pours(1, tap)).Select(pour => pour.PourId).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches(VersionSeven(), id));
    }

    [Fact]
    public void APourCarriesTheTimeItWasMeasured()
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromHours(1));
        var pour = new PourGenerator(1, 1, clock).Next();
        Assert.Equal(clock.GetUtcNow().UtcDateTime, pour.PouredAt);
        Assert.Equal(DateTimeKind.Utc, pour.PouredAt!.Value.Kind);
    }

    [Fact]
    public void TapsDoNotPourInLockStepAndKeepTheMean()
    {
        var mean = TimeSpan.FromSeconds(2);
        var waits = Enumerable.Range(1, 500).Select(tap => new PourGenerator(5, tap, TimeProvider.System)).Select(tap => (First: tap.FirstWait(mean), Next: tap.NextWait(mean))).ToList();
        Assert.All(waits, wait => Assert.InRange(wait.First, TimeSpan.Zero, mean));
        Assert.All(waits, wait => Assert.InRange(wait.Next, mean * 0.5, mean * 1.5));
        Assert.InRange(waits.Average(wait => wait.Next.TotalSeconds), 1.9, 2.1);
        Assert.True(waits.Select(wait => wait.First).Distinct().Count() > 490);
    }

    private static List<Pour> Pours(int seed, int tap)
    {
        var generator = new PourGenerator(seed, tap, TimeProvider.System);
        return [.. Enumerable.Range(0, 100).Select(_ => generator.Next())];
    }

    private static List<decimal> Volumes(int seed, int tap) => Pours(seed, tap).ConvertAll(pour => pour.Volume);

    [GeneratedRegex("^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$")]
    private static partial Regex VersionSeven();
}
