namespace BeerTap.Server.Beers;

/// <summary>An RFC 9457 problem: what was wrong, where, and what to do.</summary>
/// <param name="Type">Stable: programs may compare it.</param>
/// <param name="Title">The same words for every problem of this type.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was wrong this time.</param>
/// <param name="Errors">For bad fields: the faults by field name.</param>
public sealed record Problem(
    string Type, string Title, int Status, string? Detail = null, IReadOnlyDictionary<string, string[]>? Errors = null);
