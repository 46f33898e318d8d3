using System.Diagnostics.Metrics;

namespace BeerTap.Server.Beers;

/// <summary>What the hub refuses, by the problem's type, under the meter <c>BeerTap.Refusals</c>.</summary>
internal sealed class RefusalMeter(IMeterFactory meters)
{
    public const string Name = "BeerTap.Refusals";

    private readonly Counter<long> _refusals = meters.Create(Name)
        .CreateCounter<long>("beertap.refusals", "{refusal}", "Requests, and pours of a batch, that were refused, by the problem's type.");

    /// <summary>Counts a refusal; null is none.</summary>
    public void Refused(Problem? problem)
    {
        if (problem is null || !_refusals.Enabled) return;
        _refusals.Add(
            1,
            new("beertap.reason", problem.Type.StartsWith(Refusals.TypePrefix, StringComparison.Ordinal) ? problem.Type[Refusals.TypePrefix.Length..] : problem.Type),
            new("http.response.status_code", problem.Status));
    }
}
