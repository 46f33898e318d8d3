using System.Globalization;
using BeerTap.Bench.Load;

namespace BeerTap.Bench;

/// <summary>Where the benches write their figures, and what was wrong.</summary>
internal sealed class Board
{
    private readonly List<Figure> _figures = [];
    private bool _disturbed;

    public IReadOnlyList<Figure> Figures => _figures;

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    /// <summary>The figures from here on are of another bench.</summary>
    public void Begin() => _disturbed = false;

    /// <summary>A run of this bench took place; when other work disturbed it, its figures are doubtful.</summary>
    public void Saw(Outcome outcome) => _disturbed |= outcome.IsDisturbed;

    public Figure Add(Figure figure)
    {
        figure = figure with { IsDoubtful = _disturbed };
        _figures.Add(figure);
        Console.WriteLine("   " + Line(figure));
        return figure;
    }

    /// <summary>Puts figures of an earlier run before those of this one, but for the benches that were run again.</summary>
    public void TakeAlong(IEnumerable<Figure> earlier)
    {
        var again = _figures.Select(figure => figure.Bench).ToHashSet();
        _figures.InsertRange(0, earlier.Where(figure => !again.Contains(figure.Bench)));
    }

    public void Skip(string bench, string what, string why) => Add(new Figure(bench, what, [], "", Note: $"skipped: {why}"));

    /// <summary>How much one figure is of another in the same run.</summary>
    public Figure Compare(string bench, string what, double[] figure, double[] peer, Target? target = null) =>
        Add(new Figure(bench, what, [.. figure.Zip(peer, (mine, its) => mine / its)], "x", target) { IsDetail = target is null });

    /// <summary>One thing that must hold.</summary>
    public void Check(bool holds, string what)
    {
        if (holds) Passed++;
        else Failed++;
        Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
    }

    public static string Line(Figure figure)
    {
        if (figure.IsSkipped) return $"{figure.Bench,-11} {figure.What,-58} {figure.Note}";
        var range = figure.Runs.Length > 1 ? $"{Text(figure.Runs.Min())} to {Text(figure.Runs.Max())}" : "";
        var target = figure.Target is { } aim ? $"{(aim.AtLeast ? ">=" : "<=")} {Text(aim.Limit)}" : "";
        var verdict = figure.IsMet switch { true => "met", false => "MISSED", null => figure.Target is not null && figure.IsDoubtful ? "?" : "" };
        return $"{figure.Bench,-11} {figure.What,-58} {Text(figure.Median),11} {figure.Unit,-13} {target,-10} {verdict,-6} {range,-24} {figure.Note}".TrimEnd();
    }

    public void Print()
    {
        Console.WriteLine();
        Console.WriteLine($"{"bench",-11} {"figure",-58} {"median",11} {"unit",-13} {"target",-10} {"",-6} {"runs",-24} note");
        foreach (var figure in _figures) Console.WriteLine(Line(figure));
    }

    public static string Text(double value) => Math.Abs(value) switch
    {
        >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
