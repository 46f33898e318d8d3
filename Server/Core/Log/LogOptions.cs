namespace BeerTap.Server.Core.Log;

/// <summary>How the event log lays out its files.</summary>
internal sealed class LogOptions
{
    /// <summary>
    /// Gets or sets the most bytes of one segment. The first segments are smaller, from 1 MiB on, so that a new hub starts at once.
    /// </summary>
    public int SegmentBytes { get; set; } = 64 * 1024 * 1024;
}
