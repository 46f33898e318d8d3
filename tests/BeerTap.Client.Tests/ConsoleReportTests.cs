using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed class ConsoleReportTests
{
    private static readonly Beer Pint = new(42, "pint", 500m, DateTimeOffset.UnixEpoch, 1);

    [Fact]
    public void APourIsToldInOneLineWithItsTime()
    {
        using var heard = new Heard(time: new ManualClock());
        heard.Report.Heard(new FeedEvent(FeedEvent.BeerPoured, "a-42", Beer: Pint));
        heard.Report.Heard(new FeedEvent(FeedEvent.BeerDeleted, "a-43", Id: 42));
        Assert.Matches("^[0-9]{2}:[0-9]{2}:00 tap 1 poured a pint \\(500\\.0 ml\\): beer 42$", heard.Lines[0]);
        Assert.EndsWith(" beer 42 deleted", heard.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void AShareReportNamesTheTapsAndTheirBeers()
    {
        using var heard = new Heard();
        heard.Report.Heard(Report(new TapShare(1, 16, 40m, 8000m), new TapShare(2, 24, 60m, 12000m)));
        Assert.EndsWith(" share of 40 beers: tap 1 40.00% (16), tap 2 60.00% (24)", heard.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void AShareReportOfManyTapsIsCutShort()
    {
        using var heard = new Heard();
        heard.Report.Heard(Report([.. Enumerable.Range(1, 500).Select(tap => new TapShare(tap, 1, 0.2m, 500m))]));
        Assert.EndsWith("tap 10 0.20% (1), 490 others 98.00% (490)", heard.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void TheOthersOfAShareReportAreToldWithThoseThatAreNotNamed()
    {
        using var heard = new Heard();
        var taps = Enumerable.Range(1, 11).Select(tap => new TapShare(tap, 8, 8m, 500m)).ToList();
        heard.Report.Heard(new FeedEvent(FeedEvent.ShareReport, "a-100", Report: new ShareReport(100, taps, new OtherShares(3, 12, 12m, 700m))));
        Assert.EndsWith("tap 10 8.00% (8), 4 others 20.00% (20)", heard.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void WhereThereIsNoTerminalProgressIsALineNowAndThen()
    {
        var clock = new ManualClock();
        using var heard = new Heard(time: clock);
        heard.Report.Progress("sent", 1, 10);
        heard.Report.Progress("sent", 2, 10);
        clock.Advance(TimeSpan.FromSeconds(2));
        heard.Report.Progress("sent", 3, 10);
        heard.Report.Progress("sent", 10, 10);
        Assert.Equal(["sent: 1 of 10", "sent: 3 of 10", "sent: 10 of 10"], heard.Lines.Select(line => line[9..]));
    }

    [Fact]
    public void WhileHundredsOfPoursAreSettledProgressIsToldInTheirPlaceAndOthersAgainWhenItStandsStill()
    {
        var clock = new ManualClock();
        using var heard = new Heard(time: clock);
        var pour = new FeedEvent(FeedEvent.BeerPoured, "a-42", Beer: Pint);
        heard.Report.Progress("settled", 0, 300);
        for (var i = 0; i < 299; i++) heard.Report.Heard(pour);
        clock.Advance(TimeSpan.FromSeconds(2));
        heard.Report.Heard(pour);
        heard.Report.Progress("settled", 299, 300);
        heard.Report.Heard(pour);
        heard.Report.Progress("settled", 300, 300);
        heard.Report.Heard(pour);
        Assert.Equal(
            ["settled: 0 of 300", "tap", "settled: 299 of 300", "settled: 300 of 300; 300 pours heard meanwhile", "tap"],
            heard.Lines.Select(line => line[9..]).Select(line => line.StartsWith("tap", StringComparison.Ordinal) ? "tap" : line));
    }

    [Fact]
    public void AFewPoursOfASpoolAreToldOneByOne()
    {
        using var heard = new Heard();
        heard.Report.Progress("settled", 0, ConsoleReport.MostPoursInLines);
        heard.Report.Heard(new FeedEvent(FeedEvent.BeerPoured, "a-42", Beer: Pint));
        Assert.Equal(2, heard.Lines.Count);
    }

    [Theory]
    [InlineData(0, "0 pours wait")]
    [InlineData(1, "1 pour waits")]
    [InlineData(2, "2 pours wait")]
    public void OnePourIsToldAsOne(int count, string told) => Assert.Equal(told, ConsoleReport.PoursWait(count));

    [Fact]
    public void QuietTellsTroubleOnly()
    {
        using var heard = new Heard(quiet: true);
        heard.Report.Heard(new FeedEvent(FeedEvent.BeerPoured, "a-42", Beer: Pint));
        heard.Report.Say("the hub is away");
        Assert.Single(heard.Lines);
    }

    [Fact]
    public void TextFromElsewhereCannotSteerTheTerminal() =>
        Assert.Equal(" [31mred  ", ConsoleReport.Printable("\u001b[31mred\r\n"));

    [Theory]
    [InlineData("\u202Egnp.exe", "\\u202Egnp.exe")]
    [InlineData("a\u2028b\u2029c\u200Bd\u2066e\uFEFF", "a\\u2028b\\u2029c\\u200Bd\\u2066e\\uFEFF")]
    [InlineData("\u0085x\u009B31m", " x 31m")]
    [InlineData("ünï ✓ 🍺", "ünï ✓ 🍺")]
    public void WhatIsNotSeenOrTurnsLinesAndDirectionsIsWrittenAsItsCode(string text, string told) => Assert.Equal(told, ConsoleReport.Printable(text));

    [Fact]
    public void TheSummarySaysAllThatWasCounted() => Assert.Equal(
        "posted 120, acknowledged 119 (2 replayed), refused 1, waiting 0, heard 360, reports 36, reloads 0, duplicates 0, gaps: 0",
        new Summary(120, 119, 2, 1, 0, 360, 36, 0, 0, 0).ToString());

    private static FeedEvent Report(params TapShare[] taps) => new(FeedEvent.ShareReport, "a-42", Report: new ShareReport(taps.Sum(tap => tap.Beers), taps));
}
