namespace BeerTap.Client;

/// <summary>Parts of a line on a terminal.</summary>
internal static class Bars
{
    /// <summary>A bar of this width, filled to this part.</summary>
    public static string Bar(double part, int width)
    {
        var full = (int)Math.Round(Math.Clamp(part, 0, 1) * width);
        return new string('█', full) + new string('░', width - full);
    }

    /// <summary>The text in one line of at most this width.</summary>
    public static string Fit(string text, int width) => text.Length <= width ? text : width < 1 ? "" : string.Concat(text.AsSpan(0, width - 1), "…");
}
