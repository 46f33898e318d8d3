namespace BeerTap.Bench.Load;

/// <summary>How fast and for how long to pour.</summary>
/// <param name="PerSecond">Pours a second, whether or not the server keeps up; 0: each poster as fast as it is answered.</param>
internal sealed record Pace(double PerSecond, TimeSpan WarmUp, TimeSpan Time)
{
    /// <summary>How much of the warm-up is at the pace itself, behind the part at full speed.</summary>
    public TimeSpan ComingDown => PerSecond == 0 ? TimeSpan.Zero : WarmUp / 4;
}

/// <summary>What came of it.</summary>
/// <param name="Posts">Posts answered a second.</param>
/// <param name="Deliveries">Pours heard by a listener, a second, all listeners together.</param>
/// <param name="LoadShare">How much of its core the load itself took.</param>
/// <param name="ServerShare">How much of its core the server got and took; what is missing it waited for, or other work had.</param>
/// <param name="OthersShare">How much other work had of the core where it had more.</param>
/// <param name="FlushTime">How long the machine's disks took for a flush meanwhile, in the mean, in milliseconds; 0 without a flush. Where it is long, so is the time of a post, whoever made the server.</param>
/// <param name="Fault">What was wrong; a figure with a fault is not to be believed.</param>
/// <param name="SameOrder">All listeners heard the pours in the same order.</param>
internal sealed record Outcome(double Posts, double Deliveries, double LoadShare, double ServerShare, double OthersShare, double FlushTime, PourBook Book, string? Fault, bool SameOrder)
{
    /// <summary>Above this, the load may be what was measured.</summary>
    private const double Bound = 0.9;

    /// <summary>When other work had more of a core, the figure says as much about that.</summary>
    private const double Disturbed = 0.2;

    public bool IsDisturbed => OthersShare > Disturbed;

    /// <summary>Pours heard for each second that the server was on its core.</summary>
    public double DeliveriesPerCore => Deliveries / ServerShare;

    public double PostsPerCore => Posts / ServerShare;

    public override string ToString() => FormattableString.Invariant(
        $"{Deliveries:#,0} deliveries/s, {Posts:#,0} posts/s, heard {Book.Heard}, answered {Book.Answers}, load {LoadShare:P0}, server {ServerShare:P0} of a core, other work up to {OthersShare:P0}{(FlushTime > 0 ? $", disk {FlushTime:0.00} ms a flush" : "")}");

    public string? Note => LoadShare > Bound ? $"generator-bound ({LoadShare:P0} of its core)" : null;
}
