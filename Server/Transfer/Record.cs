namespace BeerTap.Server.Transfer;

/// <summary>What stands in one line of a file of pours, or of one record that spans several lines, as text; null is not there.</summary>
/// <param name="Line">Its first line's number, from 1.</param>
/// <param name="Fault">Why it cannot be read at all; null when it can.</param>
internal sealed record Record(
    long Line, string? Position = null, string? TapId = null, string? Type = null, string? Volume = null, string? PouredAt = null, string? PourId = null, string? Fault = null)
{
    public const string PositionName = "position", TapIdName = "tapId", TypeName = "type", VolumeName = "volume", PouredAtName = "pouredAt", PourIdName = "pourId";

    /// <summary>The names of the columns, and of the JSON fields, in the order in which they are written.</summary>
    public static readonly IReadOnlyList<string> Names = [PositionName, TapIdName, TypeName, VolumeName, PouredAtName, PourIdName];

    /// <summary>A record longer than this is none: no pour is, and memory must not grow with a file.</summary>
    public const int Longest = 64 * 1024;

    public static Record Read(long line, Func<string, string?> field) => new(
        line, field(PositionName), field(TapIdName), field(TypeName), field(VolumeName), field(PouredAtName), field(PourIdName));
}
