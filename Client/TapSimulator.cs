namespace BeerTap.Client;

/// <summary>
/// One tap: measures pours at its own pace, whether or not the hub is there, and hands them to its sender once they are
/// safe in the spool.
/// </summary>
internal sealed class TapSimulator(PourGenerator generator, PourSender sender, Spool spool, TimeSpan every, long? count, TimeProvider time)
{
    /// <summary>
    /// Ends when <paramref name="count"/> pours are settled; after <paramref name="stopping"/>, when none waits or
    /// <paramref name="giveUp"/> ends the wait.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken giveUp)
    {
        var sending = sender.RunAsync(stopping, giveUp);
        try
        {
            await MeasureAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Closing time: what was measured is still sent.
        }
        finally
        {
            sender.NoMore();
            await sending;
        }
    }

    private async Task MeasureAsync(CancellationToken stopping)
    {
        // By the clock that only goes forward: devices have their wall clock set under them.
        var opened = time.GetTimestamp();
        var due = generator.FirstWait(every);
        for (var poured = 0L; count is null || poured < count; poured++)
        {
            await WaitAsync(due - time.GetElapsedTime(opened), stopping);
            if (!await spool.ReserveAsync(stopping))
            {
                // The valve was shut meanwhile: what was missed is not made up for.
                due = time.GetElapsedTime(opened);
            }

            var waiting = new WaitingPour(generator.Next());
            try
            {
                await spool.KeepAsync(waiting.Pour);
            }
            finally
            {
                // One that the disk does not take may still reach the hub before this client ends.
                sender.Add(waiting);
            }

            if (every == TimeSpan.Zero)
            {
                await waiting.Settled.Task.WaitAsync(stopping);
            }

            due += generator.NextWait(every);
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, stopping);
        }
    }
}
