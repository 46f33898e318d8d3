using System.Text.Json.Serialization;

namespace BeerTap.Server.Security;

/// <summary>What the holder of a key is.</summary>
internal enum Role
{
    /// <summary>Posts for its own tap only, and listens.</summary>
    [JsonStringEnumMemberName("tap")]
    Tap,

    /// <summary>Reads and listens.</summary>
    [JsonStringEnumMemberName("viewer")]
    Viewer,

    /// <summary>May do everything: also pour for any tap, delete, manage keys, and send the hub away.</summary>
    [JsonStringEnumMemberName("operator")]
    Operator,
}

/// <summary>What a call does; each role has some of them.</summary>
internal enum Right
{
    /// <summary>Asks what it may do: whoever does not bring a key that is no good.</summary>
    Ask,
    Read,
    Listen,
    Pour,
    Delete,
    ManageKeys,
    Drain,
}

internal static class Roles
{
    public static readonly IReadOnlyList<string> Names = ["tap", "viewer", "operator"];

    public static Role? Parse(string? name) => name switch
    {
        "tap" => Role.Tap,
        "viewer" => Role.Viewer,
        "operator" => Role.Operator,
        _ => null,
    };

    public static string Name(this Role role) => Names[(int)role];

    /// <summary>The one table of who may do what. Which tap a tap may pour for is asked apart, of <see cref="ApiKey.MayActFor"/>.</summary>
    public static bool Has(this Role role, Right right) => role switch
    {
        Role.Tap => right is Right.Pour or Right.Listen or Right.Ask,
        Role.Viewer => right is Right.Read or Right.Listen or Right.Ask,
        Role.Operator => true,
        _ => false,
    };
}
