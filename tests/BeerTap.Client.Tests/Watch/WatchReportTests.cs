using BeerTap.Client.Tests.Fakes;
using BeerTap.Client.Watch;
using Spectre.Console;

namespace BeerTap.Client.Tests.Watch;

public sealed class WatchReportTests : IDisposable
{
    private static readonly Uri Server = new("http://127.0.0.1:1/");
    private static readonly Summary Sum = new(1, 1, 0, 0, 0, 1, 0, 0, 0, 0);

    private readonly ManualClock _clock = new();
    private readonly HttpClient _nobody = new() { BaseAddress = Server };

    public void Dispose() => _nobody.Dispose();

    [Fact]
    public async Task WhereThereIsNoTerminalALineIsToldEveryFiveSecondsAndNoneForEachPour()
    {
        using var heard = new Heard(time: _clock);
        var watch = new WatchReport(Server, heard.Report, terminal: null, _clock);
        var code = await watch.WhileAsync(
            async report =>
            {
                Begin(report);
                Pour(report, 100);
                Assert.Empty(heard.Lines);
                _clock.Advance(TimeSpan.FromSeconds(5));
                await Until.TrueAsync(() => heard.Lines.Count == 1, "the first line is told");
                report.Say("the hub is away");
                report.Summary(Sum);
                return 7;
            },
            _nobody);
        Assert.Equal(7, code);
        Assert.StartsWith("18:00:05 0 taps, 0 beers, 20.0/s; last: tap 1 pint", heard.Lines[0], StringComparison.Ordinal);
        Assert.Equal(["18:00:05 the hub is away", Sum.ToString()], heard.Lines.Skip(1));
    }

    [Fact]
    public async Task ATerminalShowsAScreenAndGetsItsLinesBackWithTheSummary()
    {
        using var output = new Heard();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.Yes });
        (console.Profile.Width, console.Profile.Height) = (80, 24);
        using var heard = new Heard(time: _clock);
        var watch = new WatchReport(Server, heard.Report, new Terminal(output, console), _clock);
        await watch.WhileAsync(
            async report =>
            {
                Begin(report);
                report.Say("listening");
                Pour(report, 3);
                _clock.Advance(TimeSpan.FromSeconds(1));
                await Until.TrueAsync(() => output.ToString().Contains("beer 2", StringComparison.Ordinal), "the screen is drawn");
                Assert.Empty(heard.Lines);
                report.Summary(Sum);
                return 0;
            },
            _nobody);
        Assert.Contains("\u001b[?1049h", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("\u001b[?1049l\u001b[?25h", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(["18:00:00 listening", Sum.ToString()], heard.Lines);
    }

    [Fact]
    public void OnlyLinesThatChangedAreWritten()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        (console.Profile.Width, console.Profile.Height) = (80, 24);
        var terminal = new Terminal(output, console);
        terminal.Show(["one", "two", "three"]);
        output.GetStringBuilder().Clear();
        terminal.Show(["one", "TWO"]);
        Assert.Equal("\u001b[2;1H\u001b[2KTWO\u001b[3;1H\u001b[2K", output.ToString());
    }

    [Fact]
    public void AwayFromTheTerminalNothingIsShown()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        var terminal = new Terminal(output, console);
        terminal.Show(["one"]);
        terminal.GoBack(away: true);
        output.GetStringBuilder().Clear();
        terminal.Show(["two"]);
        Assert.Equal("", output.ToString());
        terminal.ComeBack();
        terminal.Show(["two"]);
        Assert.StartsWith("\u001b[?1049h", output.ToString(), StringComparison.Ordinal);
    }

    private static void Begin(IReport report) => report.Began(() => new RunState(Server, Sum, 1, 1, new Position("a", 1)));

    private static void Pour(IReport report, int pours)
    {
        for (var i = 0; i < pours; i++) report.Heard(new FeedEvent(FeedEvent.BeerPoured, $"a-{i}", Beer: new Beer(i, "pint", 500m, DateTimeOffset.UnixEpoch, 1)));
    }
}
