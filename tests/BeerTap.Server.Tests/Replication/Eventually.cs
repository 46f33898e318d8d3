namespace BeerTap.Server.Tests.Replication;

internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until something holds.</summary>
    /// <param name="otherwise">What is said when it does not.</param>
    public static async Task HoldsAsync(Func<bool> holds, string otherwise)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        try
        {
            while (!holds()) await poll.WaitForNextTickAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail(otherwise);
        }
    }
}
