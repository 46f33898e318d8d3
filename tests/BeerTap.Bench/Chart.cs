using System.Globalization;
using System.Security;
using System.Text;

namespace BeerTap.Bench;

/// <summary>The figures as bars: one panel for each bench and unit, each panel on a scale of its own, targets as lines.</summary>
internal static class Chart
{
    private const int Width = 900, Label = 430, Bar = 330, Row = 18, Head = 34, Margin = 20;

    public static string Of(Board board, string title)
    {
        var body = new StringBuilder();
        var top = Margin + Head;
        foreach (var panel in board.Figures.Where(figure => !figure.IsSkipped && !figure.IsDetail).GroupBy(figure => (figure.Bench, figure.Unit)))
        {
            Append(body, $"""<text x="{Margin}" y="{top + 14}" class="panel">{panel.Key.Bench}, {(panel.Key.Unit == "x" ? "ratio within a run" : SecurityElement.Escape(panel.Key.Unit))}</text>""");
            top += Head - 10;
            var most = panel.Max(figure => Math.Max(figure.Median, figure.Target?.Limit ?? 0));
            foreach (var figure in panel)
            {
                Draw(body, figure, top, Bar / Math.Max(most, double.Epsilon));
                top += Row;
            }

            top += Margin / 2;
        }

        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {top + Margin}" font-family="sans-serif" font-size="11" role="img">
            <style>.panel,.title{"{"}font-weight:bold{"}"} .title{"{"}font-size:14px{"}"} .met{"{"}fill:#3a7d44{"}"} .missed{"{"}fill:#b5462f{"}"} .free{"{"}fill:#6b7a8f{"}"}</style>
            <rect width="100%" height="100%" fill="white"/>
            <text x="{Margin}" y="{Margin + 8}" class="title">{SecurityElement.Escape(title)}</text>
            {body}</svg>

            """;
    }

    private static void Draw(StringBuilder body, Figure figure, int top, double scale)
    {
        var kind = figure.IsMet switch { true => "met", false => "missed", null => "free" };
        var width = Math.Max(1, Math.Max(0, figure.Median) * scale);
        Append(body, $"""<text x="{Label - 8}" y="{top + 12}" text-anchor="end">{SecurityElement.Escape(figure.What)}</text>""");
        Append(body, $"""<rect x="{Label}" y="{top + 2}" width="{width:0.0}" height="{Row - 5}" class="{kind}"/>""");
        if (figure.Target is { } target) Append(body, $"""<line x1="{Label + target.Limit * scale:0.0}" x2="{Label + target.Limit * scale:0.0}" y1="{top}" y2="{top + Row - 1}" stroke="black" stroke-width="1.5"/>""");
        Append(body, $"""<text x="{Label + Bar + 10}" y="{top + 12}">{Board.Text(figure.Median)}</text>""");
    }

    private static void Append(StringBuilder body, FormattableString line) => body.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
