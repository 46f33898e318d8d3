using System.Globalization;
using Microsoft.Extensions.Options;

namespace BeerTap.Server.Beers;

/// <summary>One row of the configuration's <c>Glasses</c>.</summary>
internal sealed class GlassOptions
{
    /// <summary>The glass type's name, such as <c>pint</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>Millilitres. Only the first glass holds this volume itself; for the others it belongs to the smaller glass.</summary>
    public double From { get; set; }

    /// <summary>Millilitres, this volume included.</summary>
    public double To { get; set; }
}

/// <summary>Finds the glass that was served from the volume that was poured.</summary>
/// <remarks>
/// The default table and its edges are the original system's: at a shared edge the smaller glass wins, so 300 ml is a half and 800 ml a pint.
/// </remarks>
internal sealed class GlassTypes
{
    private static readonly GlassOptions[] Default =
    [
        new() { Name = "half", From = 100, To = 300 },
        new() { Name = "pint", From = 300, To = 800 },
        new() { Name = "stein", From = 800, To = 1000 },
    ];

    private readonly GlassOptions[] _glasses;

    public GlassTypes(IReadOnlyList<GlassOptions> glasses)
    {
        _glasses = glasses.Count == 0 ? Default : [.. glasses];
        Names = [.. _glasses.Select(glass => glass.Name)];
    }

    /// <summary>The configured names, smallest glass first.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Millilitres; less fits no glass.</summary>
    public double Smallest => _glasses[0].From;

    /// <summary>Millilitres; more fits no glass.</summary>
    public double Largest => _glasses[^1].To;

    /// <summary>The glass type for a volume in millilitres, or null when no glass holds it.</summary>
    public string? Classify(double volume)
    {
        if (!(volume >= Smallest)) return null;
        foreach (var glass in _glasses)
        {
            if (volume <= glass.To) return glass.Name;
        }

        return null;
    }

    /// <summary>Every fault of a configured table: unnamed, doubled, out of order, overlapping or with a gap.</summary>
    public static IEnumerable<string> FaultsOf(IReadOnlyList<GlassOptions> glasses)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < glasses.Count; i++)
        {
            var glass = glasses[i];
            if (string.IsNullOrWhiteSpace(glass.Name) || glass.Name.Length > 32)
                yield return $"Glasses:{i}:Name must be 1 to 32 characters.";
            else if (!names.Add(glass.Name))
                yield return $"Glasses:{i}:Name '{glass.Name}' is there twice.";

            if (!double.IsFinite(glass.From) || !double.IsFinite(glass.To) || glass.From < 0 || glass.To <= glass.From)
                yield return Invariant($"Glasses:{i} ('{glass.Name}') must go up from a volume of at least 0 ml; it goes from {glass.From} to {glass.To}.");

            if (i > 0 && glass.From != glasses[i - 1].To)
            {
                yield return Invariant(
                    $"Glasses:{i}:From ('{glass.Name}') must be {glasses[i - 1].To}, where '{glasses[i - 1].Name}' ends: no overlap, no gap; it is {glass.From}.");
            }
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
