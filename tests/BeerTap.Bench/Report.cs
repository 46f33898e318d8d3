using System.Text.Json;
using System.Text.Json.Nodes;

namespace BeerTap.Bench;

/// <summary>All figures of all runs, for other programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The figures of an earlier run.</summary>
    /// <exception cref="FormatException">They are not as this program writes them.</exception>
    public static IReadOnlyList<Figure> Read(string json)
    {
        try
        {
            return [.. JsonNode.Parse(json)!["figures"]!.AsArray().Select(figure => FigureOf(figure!))];
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or NullReferenceException or FormatException)
        {
            throw new FormatException($"These are no figures of this program: {fault.Message}", fault);
        }
    }

    private static Figure FigureOf(JsonNode figure) => new(
        (string)figure["bench"]!,
        (string)figure["what"]!,
        [.. figure["runs"]!.AsArray().Select(run => (double)run!)],
        (string)figure["unit"]!,
        figure["atLeast"] is { } least ? Target.Least((double)least) : figure["atMost"] is { } most ? Target.Most((double)most) : null,
        (string?)figure["note"])
    {
        IsDoubtful = (bool)figure["doubtful"]!,
        IsDetail = (bool?)figure["detail"] ?? false,
    };

    public static string Of(Board board, Plan plan, DateTimeOffset when)
    {
        var figures = board.Figures.Select(figure => (JsonNode)new JsonObject
        {
            ["bench"] = figure.Bench,
            ["what"] = figure.What,
            ["unit"] = figure.Unit,
            ["median"] = figure.IsSkipped ? null : figure.Median,
            ["runs"] = new JsonArray([.. figure.Runs.Select(run => (JsonNode)run)]),
            ["atLeast"] = figure.Target is { AtLeast: true } least ? least.Limit : null,
            ["atMost"] = figure.Target is { AtLeast: false } most ? most.Limit : null,
            ["met"] = figure.IsMet,
            ["doubtful"] = figure.IsDoubtful,
            ["detail"] = figure.IsDetail,
            ["note"] = figure.Note,
        });
        return new JsonObject
        {
            ["when"] = when.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
            ["machine"] = Machine.Describe(),
            ["quick"] = plan.Quick,
            ["runs"] = plan.Runs,
            ["passed"] = board.Passed,
            ["failed"] = board.Failed,
            ["figures"] = new JsonArray([.. figures]),
        }.ToJsonString(Indented);
    }
}
