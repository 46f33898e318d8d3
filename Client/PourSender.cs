using System.Threading.Channels;

namespace BeerTap.Client;

/// <summary>A measured pour on its way; <see cref="Settled"/> completes with the hub's last word on it.</summary>
internal sealed class WaitingPour(Pour pour)
{
    public readonly TaskCompletionSource Settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The pour as it is sent.</summary>
    public Pour Pour { get; private set; } = pour;

    public Pour Measured { get; } = pour;

    public bool Sent { get; set; }

    /// <summary>The pour counts more than its time: an older hub that refuses the time gets it without. Whether it still had one.</summary>
    public bool DropTime()
    {
        var had = Pour.PouredAt is not null;
        Pour = Pour with { PouredAt = null };
        return had;
    }
}

/// <summary>
/// Sends one tap's pours in the order they were measured, one call at a time: a single pour by itself, what piled up in
/// batches. A pour stays first in line until the hub has given its last word on it.
/// </summary>
internal sealed class PourSender(BeersApi api, Spool spool, HubReach reach, HubSighting hub, PourTally tally, IReport report, TimeProvider time)
{
    /// <summary>The most the hub takes in one batch.</summary>
    public const int LargestBatch = 500;

    private readonly Channel<WaitingPour> _measured = Channel.CreateUnbounded<WaitingPour>(new UnboundedChannelOptions { SingleReader = true });

    // Owned by the sending loop.
    private readonly List<WaitingPour> _line = [];
    private readonly Backoff _backoff = new(Random.Shared);
    private readonly Pauses _pauses = new(hub, Random.Shared, time);
    private int _batchLimit = LargestBatch;

    /// <summary>Bounded by the spool, which gave each pour its place.</summary>
    public void Add(WaitingPour pour) => _measured.Writer.TryWrite(pour);

    /// <summary>No more pours will come: the loop ends when those that wait are settled.</summary>
    public void NoMore() => _measured.Writer.TryComplete();

    /// <param name="stopping">Someone wants to go: a pause between tries is cut short, once.</param>
    /// <param name="giveUp">Ends the loop with pours still waiting.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken giveUp)
    {
        try
        {
            while (await TakeAsync(giveUp))
            {
                var part = _line.GetRange(0, Math.Min(_line.Count, _batchLimit));
                foreach (var pour in part.Where(pour => !pour.Sent))
                {
                    pour.Sent = true;
                    tally.SentFirst();
                }

                var sentAt = time.GetTimestamp();
                var answers = await api.PostAsync(part.ConvertAll(waiting => waiting.Pour), giveUp);
                if (Settle(part, answers, sentAt) is { } pause)
                {
                    await PauseAsync(pause, stopping, giveUp);
                }
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            // The pours that are left are counted by the spool.
        }
    }

    private async ValueTask<bool> TakeAsync(CancellationToken giveUp)
    {
        while (_line.Count < LargestBatch && _measured.Reader.TryRead(out var next))
        {
            _line.Add(next);
        }

        if (_line.Count > 0)
        {
            return true;
        }

        return await _measured.Reader.WaitToReadAsync(giveUp) && await TakeAsync(giveUp);
    }

    // Returns how long to wait before the rest is sent again; null when nothing stands in the way.
    private Pause? Settle(List<WaitingPour> part, PourAnswer[] answers, long sentAt)
    {
        PourAnswer? trouble = null;
        for (var i = 0; i < part.Count; i++)
        {
            if (answers[i] is { Outcome: Outcome.Refused, NamesTime: true } && part[i].DropTime())
            {
                report.Say($"tap {part[i].Pour.TapId}: the hub refuses the time of the pour {ConsoleReport.Printable(part[i].Pour.PourId)} ({answers[i].Words}); it is sent without, check the clocks");
            }
            else if (answers[i].Settles)
            {
                Settle(part[i], answers[i]);
            }
            else
            {
                trouble ??= answers[i];
            }
        }

        var settled = _line.RemoveAll(waiting => waiting.Settled.Task.IsCompleted);
        if (settled > 0)
        {
            _backoff.Reset();
            _batchLimit = Math.Min(LargestBatch, _batchLimit * 2);
            reach.Answered(sentAt);
            hub.Reached(sentAt);
        }

        if (trouble is null)
        {
            return null;
        }

        if (trouble.Outcome == Outcome.TooMuchAtOnce)
        {
            _batchLimit = Math.Max(1, part.Count / 2);
            return null;
        }

        var pause = trouble switch
        {
            { Outcome: Outcome.NotAllowed } => new Pause(_backoff.NotAllowed(), Asked: true),
            { Outcome: Outcome.Busy, RetryAfter: { } asked } => new Pause(_backoff.AtLeast(asked), Asked: true),

            // A busy hub is there: hearing so again is no news.
            _ => new Pause(_backoff.Next(), Asked: trouble.Outcome == Outcome.Busy),
        };
        reach.Failed(trouble, pause.Length);
        return pause;
    }

    private void Settle(WaitingPour waiting, PourAnswer answer)
    {
        if (answer.Outcome == Outcome.Refused)
        {
            tally.Refuse();
            var pour = waiting.Pour;
            report.Say($"tap {pour.TapId}: pour {ConsoleReport.Printable(pour.PourId)} of {pour.Volume} ml refused ({answer.Words})");
            spool.Refuse(waiting.Measured, answer.Words);
        }
        else
        {
            tally.Acknowledge(answer.BeerId, answer.Outcome == Outcome.Replayed);
            spool.Settle(waiting.Pour);
        }

        waiting.Settled.TrySetResult();
    }

    private async Task PauseAsync(Pause pause, CancellationToken stopping, CancellationToken giveUp)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(giveUp);
        using var wakeUp = stopping.IsCancellationRequested
            ? default
            : stopping.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), either);
        try
        {
            await _pauses.WaitAsync(pause, either.Token);
        }
        catch (OperationCanceledException) when (!giveUp.IsCancellationRequested)
        {
            // Woken up to try once more before the end.
        }
    }
}
