namespace BeerTap.Stress.Fuzz;

/// <summary>One way into the hub, and what is thrown at it.</summary>
/// <param name="name">For people.</param>
/// <param name="share">How many of a hundred blocks are for this door.</param>
internal abstract class Door(string name, int share)
{
    /// <summary>
    /// Cases are drawn by the block, each block from a generator of its own: so a block is the same again whatever ran before it.
    /// </summary>
    public const int BlockSize = 50;

    private long _cases;

    public string Name => name;

    public int Share => share;

    /// <summary>How many cases it had.</summary>
    public long Cases => Interlocked.Read(ref _cases);

    protected void Count(int cases) => Interlocked.Add(ref _cases, cases);

    /// <param name="first">The number of the block's first case.</param>
    public abstract Task RunAsync(Random random, long first, CancellationToken cancel);
}
