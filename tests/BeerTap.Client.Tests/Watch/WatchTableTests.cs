using BeerTap.Client.Watch;
using Spectre.Console;

namespace BeerTap.Client.Tests.Watch;

public sealed class WatchTableTests
{
    private static readonly DateTimeOffset Evening = new(2026, 3, 1, 18, 0, 0, TimeSpan.Zero);
    private static readonly RunState Run = new(new Uri("http://localhost:8338"), new Summary(500, 490, 0, 0, 10, 49_000, 100, 0, 0, 0), 100, 100, new Position("k3x9q2ab", 500));

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    [InlineData(60, 15)]
    [InlineData(48, 12)]
    [InlineData(40, 10)]
    [InlineData(300, 100)]
    public void AHundredTapsFitEveryTerminal(int width, int height)
    {
        var lines = Lines(House(100), width, height);
        Assert.InRange(lines.Count, 5, height);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Equal("tap", lines[3].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
        Assert.DoesNotContain(lines.Skip(4).TakeWhile(line => line != "last pours").SkipLast(1), string.IsNullOrWhiteSpace);
    }

    [Fact]
    public void TheLeadingTapsAreNamedByIdAndTheRestIsOneSum()
    {
        var lines = Lines(House(100), 80, 24);
        var table = lines.Skip(4).TakeWhile(line => line.Trim() != "last pours").ToList();
        var ids = table.SkipLast(1).Select(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0])).ToList();
        Assert.Equal(Enumerable.Range(100 - ids.Count + 1, ids.Count), ids);
        var sum = Enumerable.Range(1, 100 - ids.Count).Sum();
        Assert.StartsWith($"{100 - ids.Count} others {sum} ", string.Join(' ', table[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("100 taps, 99 connected   5050 beers", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void AllTapsOfASmallHouseAreNamed()
    {
        var lines = Lines(House(3), 80, 24);
        Assert.DoesNotContain(lines, line => line.Contains("other", StringComparison.Ordinal));
        Assert.Equal(3, lines.Count(line => line.Contains('%', StringComparison.Ordinal)));
    }

    [Fact]
    public void TroubleAndProgressAreShown()
    {
        var house = House(100) with { Work = new WorkDone("pours of the spool settled", 30, 120), Sayings = [new Saying("the hub is away", Evening)] };
        var lines = Lines(house, 80, 24);
        Assert.Contains("██████░░░░░░░░░░░░░░░░░░ pours of the spool settled: 30 of 120", lines.Select(line => line.Trim()));
        Assert.Equal("18:00:00 the hub is away", lines[^1].Trim());
    }

    [Fact]
    public void WordsFromElsewhereCannotSteerTheTerminal()
    {
        var beer = new Beer(1, "\u001b[2J[red]pint", 500m, Evening, 1);
        var house = House(3) with { Pours = [new HeardPour(beer, Evening)] };
        Assert.Contains("18:00:00  tap 1   [2J[red]pint  500.0 ml  beer 1", Lines(house, 80, 24).Select(line => line.Trim()));
    }

    private static IReadOnlyList<string> Lines(House house, int width, int height) =>
        new WatchTable(ColorSystem.NoColors).Lines(house, Run, width, height);

    private static House House(int taps)
    {
        var pour = new HeardPour(new Beer(1, "stein", 1000m, Evening, 1), Evening);
        var rows = Enumerable.Range(1, taps).Select(tap => new TapRow(tap, tap > 1, tap, 100m * tap / 5050, 500m * tap, 0.5, pour)).ToList();
        return new House(rows, null, taps * 0.5, [.. Enumerable.Repeat(pour, 50)], [], null, Evening);
    }
}
