using System.Security.Cryptography;

namespace BeerTap.Server.Security;

/// <summary>A key as it is stored: its text cannot be won back from this.</summary>
/// <param name="Id">Names the key in lists and in the log; no secret.</param>
/// <param name="Hash">SHA-256 of the key text, in hex. No salt and no stretching: the text has 256 random bits, so there is nothing to guess.</param>
/// <param name="TapId">The tap a key of the role tap belongs to. None: any tap, which only a key from a configured file may be.</param>
/// <param name="Name">What a person calls it, such as "left bar".</param>
/// <param name="Created">When it was made; none for a key from a configured file.</param>
/// <param name="Revoked">When it was taken back; a revoked key stays listed and opens nothing.</param>
internal sealed record ApiKey(
    string Id, Role Role, int? TapId, string? Name, string Hash, DateTime? Created = null, DateTime? Revoked = null)
{
    /// <summary>Whether it is a key as the hub makes them: others are not told to other hubs, nor taken from them.</summary>
    public bool IsWhole =>
        Id is { Length: > 0 and <= 64 } && Id.All(char.IsAsciiLetterOrDigit)
        && Hash is { Length: SHA256.HashSizeInBytes * 2 } && Hash.All(char.IsAsciiHexDigit)
        && Name is null or { Length: <= KeyWish.LongestName } && Enum.IsDefined(Role);

    /// <summary>
    /// What is known of a key when another hub knows this of it. Which of the two was known first makes no difference, and what is revoked stays so.
    /// </summary>
    public ApiKey MergedWith(ApiKey other)
    {
        // Ids are random; should two keys have one all the same, every hub keeps the same of them.
        var kept = string.CompareOrdinal(Hash, other.Hash) <= 0 ? this : other;
        return kept with { Revoked = Revoked is null || other.Revoked < Revoked ? other.Revoked : Revoked };
    }

    /// <summary>Whether the holder may pour as this tap, and be connected as it.</summary>
    public bool MayActFor(int tapId) => Role switch
    {
        Role.Operator => true,
        Role.Tap => TapId is null || TapId == tapId,
        _ => false,
    };
}

/// <summary>A key that is asked for, checked in the same words on the command line and over REST.</summary>
internal sealed record KeyWish(Role Role, int? TapId, string? Name)
{
    public const int LongestName = 64;

    public static KeyWish? Read(string? role, int? tapId, string? name, Action<string, string> fault)
    {
        var faults = 0;
        var known = Roles.Parse(role);
        if (role is null) Fault("role", $"is required: one of {string.Join(", ", Roles.Names)}.");
        else if (known is null) Fault("role", $"must be one of {string.Join(", ", Roles.Names)}.");
        if (known == Role.Tap && tapId is null) Fault("tapId", "is required for the role tap: the only tap the key may pour for.");
        if (known is not null and not Role.Tap && tapId is not null) Fault("tapId", "belongs to the role tap only.");
        if (tapId < 1) Fault("tapId", "must be a whole number from 1 to 2147483647.");
        if (name is not null && (name.Length is 0 or > LongestName || name.Any(char.IsControl)))
            Fault("name", $"must be 1 to {LongestName} characters without control characters.");
        return faults == 0 ? new KeyWish(known!.Value, tapId, name) : null;

        void Fault(string field, string text)
        {
            faults++;
            fault(field, text);
        }
    }
}
