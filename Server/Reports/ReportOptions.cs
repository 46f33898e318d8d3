using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Reports;

/// <summary>When share reports go out (<c>Reports</c>).</summary>
internal sealed class ReportOptions
{
    public const string Section = "Reports";

    /// <summary>A report after every so many beers poured.</summary>
    [Range(1, 1_000_000)]
    public int EveryBeers { get; set; } = 10;

    /// <summary>How many taps a report names, those with the most beers; the rest is one sum. A report goes to every listener, so it must not grow with the house.</summary>
    [Range(1, 10_000)]
    public int Taps { get; set; } = 20;

    /// <summary>And at least one in this time, while something changed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1000000", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);
}
