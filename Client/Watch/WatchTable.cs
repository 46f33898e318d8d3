using Spectre.Console;
using Spectre.Console.Rendering;

namespace BeerTap.Client.Watch;

/// <summary>How the house stands, as a full screen: the run, the taps as far as there is room and the rest as one, the last pours, what was said.</summary>
internal sealed class WatchTable(ColorSystem colors)
{
    private const int FewestPours = 3;
    private const int MostPours = 8;
    private const int MostSayings = 3;

    /// <summary>The columns but for the bar and the last pour, with a gap after each.</summary>
    private static readonly (string Head, int Width)[] Numbers = [("tap", 12), ("beers", 8), ("share", 7), ("litres", 8), ("pours/s", 7)];

    private static readonly int NumbersWidth = Numbers.Sum(column => column.Width + 1);
    private const int LastPourWidth = 24;
    private const int NarrowestBar = 4;
    private const int WidestBar = 30;
    private static readonly Style Bold = new(decoration: Decoration.Bold);

    /// <summary>Lines of at most this width, at most this many.</summary>
    public IReadOnlyList<string> Lines(House house, RunState run, int width, int height)
    {
        var head = Head(house, run, width);
        var sayings = Sayings(house, width, height);
        var pours = Math.Min(Math.Clamp(height / 5, FewestPours, MostPours), Math.Max(0, height - head.Count - sayings.Count - 6));

        // The table's own head, the line of the others, and the title of the pours.
        var rows = Math.Max(1, height - head.Count - sayings.Count - pours - 3);
        var lines = new List<IRenderable>(head) { Taps(Leading.Of(house, rows), width) };
        lines.Add(Line("last pours", width, Bold));
        lines.AddRange(house.Pours.Take(pours).Select(pour => Line(Pour(pour), width)));
        lines.AddRange(sayings);
        return Render(new Rows(lines), width, height);
    }

    private static List<IRenderable> Head(House house, RunState run, int width)
    {
        var sum = run.SoFar;
        var listening = run.Listening == run.Feeds ? "listening" : run.Listening == 0 ? "NOT LISTENING" : $"{run.Listening} of {run.Feeds} feeds listening";
        var count = house.Taps.Count + (house.Others?.Taps ?? 0);
        var connected = house.Taps.Count(tap => tap.Connected == true);
        var refused = sum.Refused > 0 ? Text($", refused {sum.Refused}") : "";
        var posted = sum.Posted + sum.Waiting > 0 ? Text($"; posted {sum.Posted}{refused}, acknowledged {sum.Acknowledged}, waiting {sum.Waiting}") : "";
        var lines = new List<IRenderable>
        {
            Line(Text($"BeerTap {run.Hub}  {house.Now:HH:mm:ss}  {listening}  {run.Position}"), width, new Style(run.Listening == run.Feeds ? Color.Green : Color.Yellow, decoration: Decoration.Bold)),
            Line(Text($"{count} taps, {connected} connected   {house.Beers} beers   {house.Volume / 1000:0.0} l   {house.Rate:0.0} pours/s"), width),
            Line(
                Text($"heard {sum.Heard}, duplicates {sum.Duplicates}, gaps {sum.Gaps}{posted}"),
                width,
                sum.FeedKeptItsPromise && sum.Refused == 0 ? new Style(Color.Grey) : new Style(Color.Red)),
        };
        if (house.Work is { } work)
        {
            lines.Add(Line(Text($"{Bars.Bar((double)work.Done / work.Total, 24)} {work.Work}: {work.Done} of {work.Total}"), width, new Style(Color.Yellow)));
        }

        return lines;
    }

    private static List<IRenderable> Sayings(House house, int width, int height) => height < 16
        ? []
        : [.. house.Sayings.TakeLast(MostSayings).Select(said => Line(Text($"{said.At:HH:mm:ss} {said.Text}"), width, new Style(Color.Yellow)))];

    private static Table Taps(Leading leading, int width)
    {
        var withVolume = width >= NumbersWidth;
        var withLast = width >= NumbersWidth + LastPourWidth;
        var bar = Math.Min(WidestBar, width - NumbersWidth - 1 - (withLast ? LastPourWidth : 0));
        var table = new Table().Border(TableBorder.None);
        foreach (var column in Numbers.Where(column => withVolume || column.Head != "litres"))
        {
            table.AddColumn(new TableColumn(new Text(column.Head, Bold)).RightAligned().NoWrap().PadLeft(0).PadRight(1).Width(column.Width));
        }

        if (bar >= NarrowestBar)
        {
            table.AddColumn(new TableColumn("").NoWrap().PadLeft(0).PadRight(1).Width(bar));
        }

        if (withLast)
        {
            table.AddColumn(new TableColumn(new Text("last pour", Bold)).NoWrap().PadLeft(0).PadRight(0).Width(LastPourWidth));
        }

        var widest = leading.Taps.Select(tap => tap.Share).Append(1).Max();
        foreach (var tap in leading.Taps)
        {
            Add(Text($"{tap.Id}{(tap.Connected == true ? " +" : "  ")}"), tap.Beers, tap.Share, tap.Volume, tap.Rate, tap.Last is { } last ? LastPour(last) : "");
        }

        if (leading.Others is { } others)
        {
            Add(Text($"{others.Taps} {(others.Taps == 1 ? "other" : "others")}  "), others.Beers, others.Share, others.TotalVolume, leading.OthersRate, "", isOthers: true);
        }

        return table;

        void Add(string name, long beers, decimal share, decimal volume, double rate, string last, bool isOthers = false)
        {
            var style = isOthers ? new Style(Color.Grey) : Style.Plain;
            List<IRenderable> cells =
            [
                new Text(name, style), new Text(Text($"{beers}"), style), new Text(Text($"{share:0.00}%"), style),
                .. withVolume ? [new Text(Text($"{volume / 1000:0.0}"), style)] : Array.Empty<IRenderable>(),
                new Text(rate > 0 ? Text($"{rate:0.0}") : "-", style),
            ];
            if (bar >= NarrowestBar)
            {
                // The others together are often more than any tap: beside their bar no other would be seen.
                cells.Add(new Text(isOthers ? "" : new string('█', (int)Math.Round(share / widest * bar)), new Style(Color.Yellow)));
            }

            if (withLast)
            {
                cells.Add(new Text(Bars.Fit(last, LastPourWidth), style));
            }

            table.AddRow(cells);
        }
    }

    private static string LastPour(HeardPour pour) => Text($"{pour.At:HH:mm:ss} {ConsoleReport.Printable(pour.Beer.Type)} {pour.Beer.Volume:0.0} ml");

    private static string Pour(HeardPour pour) =>
        Text($"{pour.At:HH:mm:ss}  tap {pour.Beer.TapId}  {ConsoleReport.Printable(pour.Beer.Type)}  {pour.Beer.Volume:0.0} ml  beer {pour.Beer.Id}");

    private static Text Line(string text, int width, Style? style = null) => new(Bars.Fit(text, width), style);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    // Rendered apart and not to the terminal itself, which is only told the lines that changed.
    private List<string> Render(IRenderable screen, int width, int height)
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colors == ColorSystem.NoColors ? AnsiSupport.No : AnsiSupport.Yes,
            ColorSystem = (ColorSystemSupport)colors,
            Out = new AnsiConsoleOutput(output),
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(screen);
        return [.. output.ToString().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd('\r')).Take(height)];
    }
}
