using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace BeerTap.Client;

/// <summary>A place in the hub's log: the log's epoch and the number of the event in it, written <c>k3x9q2ab-42</c>.</summary>
internal readonly record struct Position(string Epoch, long Seq)
{
    public const string Earliest = "earliest";

    public static bool TryParse([NotNullWhen(true)] string? text, out Position position)
    {
        position = default;
        var dash = text?.LastIndexOf('-') ?? -1;
        if (dash < 1 || !long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
        {
            return false;
        }

        position = new Position(text![..dash], seq);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch}-{Seq}");
}
