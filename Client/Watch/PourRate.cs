namespace BeerTap.Client.Watch;

/// <summary>Pours a second over the last ten seconds, counted by the second. Guarded by the board.</summary>
internal sealed class PourRate
{
    public const int Seconds = 10;

    private readonly int[] _counts = new int[Seconds];
    private long _second;

    public void Add(long second)
    {
        MoveTo(second);
        _counts[second % Seconds]++;
    }

    /// <param name="since">The second in which the counting began: at first there are fewer than ten.</param>
    public double PerSecond(long second, long since)
    {
        MoveTo(second);

        // The second that has just begun is left out, or the rate would fall at the start of each.
        var whole = Math.Min(Seconds - 1, second - since);
        var pours = 0;
        for (var back = 1; back <= whole; back++)
        {
            pours += _counts[(second - back) % Seconds];
        }

        return whole > 0 ? (double)pours / whole : 0;
    }

    private void MoveTo(long second)
    {
        for (var passed = Math.Max(_second + 1, second - Seconds + 1); passed <= second; passed++)
        {
            _counts[passed % Seconds] = 0;
        }

        _second = Math.Max(_second, second);
    }
}
