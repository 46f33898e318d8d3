namespace BeerTap.Bench;

/// <summary>What a figure should be: at least, or at most.</summary>
internal sealed record Target(double Limit, bool AtLeast)
{
    public static Target Least(double limit) => new(limit, AtLeast: true);

    public static Target Most(double limit) => new(limit, AtLeast: false);

    public bool IsMet(double value) => AtLeast ? value >= Limit : value <= Limit;
}

/// <summary>One row of the table: a figure of each run, or the reason why there is none.</summary>
internal sealed record Figure(string Bench, string What, double[] Runs, string Unit, Target? Target = null, string? Note = null)
{
    /// <summary>Other work took so much of the machine while it was measured that the target can neither be met nor missed.</summary>
    public bool IsDoubtful { get; init; }

    /// <summary>Stands in the table, and not in the chart.</summary>
    public bool IsDetail { get; init; }

    public bool IsSkipped => Runs.Length == 0;

    public double Median => Runs.Length == 0 ? double.NaN : (Sorted[(Runs.Length - 1) / 2] + Sorted[Runs.Length / 2]) / 2;

    public bool? IsMet => Target is null || IsSkipped || IsDoubtful ? null : Target.IsMet(Median);

    private double[] Sorted => [.. Runs.Order()];
}
