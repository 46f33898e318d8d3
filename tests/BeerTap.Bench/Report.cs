using System.Text.Json;
using System.Text.Json.Nodes;

namespace BeerTap.Bench;

/// <summary>All figures of all runs, for other programs.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

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
