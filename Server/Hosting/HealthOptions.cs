using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Hosting;

/// <summary>When the hub calls itself unwell (<c>Health</c>).</summary>
internal sealed class HealthOptions
{
    public const string Section = "Health";

    /// <summary>Bytes that must be free on the disk of the store; with less the hub is not ready. 0 never looks.</summary>
    [Range(0L, long.MaxValue)]
    public long FreeBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>How long pours may wait without a commit, or the feed stand still, before the hub is not ready; three times as long, and it is not live.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromSeconds(10);
}
