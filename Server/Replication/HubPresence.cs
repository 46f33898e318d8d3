using BeerTap.Server.Taps;

namespace BeerTap.Server.Replication;

/// <summary>
/// Tells the other hubs of the log which taps are connected here, and hears it from them. Nothing of this is in the log: it is true only now. Without
/// the brokers a hub knows its own taps alone.
/// </summary>
/// <param name="name">What this hub is called.</param>
internal sealed class HubPresence(string name, IPresenceChannel channel, TapRegistry taps, OtherHubs others, LogStatus status, TimeProvider time, ILogger<HubPresence> log) : BackgroundService
{
    /// <summary>Taps in one word, about 20 KB.</summary>
    public const int MostTaps = 2_000;

    /// <summary>What changed within this time is one word.</summary>
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1), ListEvery = TimeSpan.FromSeconds(30), ListAtMostEvery = TimeSpan.FromMilliseconds(500), RetryAfter = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(2);

    private readonly string _start = LogIdentity.NewSender();
    private volatile bool _changed, _asked, _lost;

    // The loop's own: what the others were told, and when.
    private HashSet<int> _told = [];
    private long _number, _spokeAt, _listedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        taps.Changed += Change;
        try
        {
            await Task.WhenAll(SpeakAsync(stoppingToken), LapseAsync(stoppingToken));
        }
        finally
        {
            taps.Changed -= Change;
        }
    }

    private async Task LapseAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Grain, time);
        while (await timer.WaitForNextTickAsync(cancel)) others.Lapse();
    }

    private async Task SpeakAsync(CancellationToken cancel)
    {
        var trouble = "";
        while (true)
        {
            try
            {
                await using var session = await channel.OpenAsync(Hear, cancel);
                trouble = "";
                await SpeakAsync(session, cancel);
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)
            {
                // Whatever it is: a hub serves without knowing of the others.
                if (trouble != fault.Message) Log.OthersNotHeard(log, fault.Message);
                trouble = fault.Message;
            }

            // Each hub its own moment.
            await Task.Delay(RetryAfter * (0.5 + Random.Shared.NextDouble()), time, cancel);
        }
    }

    /// <summary>Until the connection is over, or the hub stops.</summary>
    private async Task SpeakAsync(IPresenceSession session, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Grain, time);
        try
        {
            _lost = true;
            await ListAsync(session, cancel);
            while (await timer.WaitForNextTickAsync(cancel))
            {
                if (session.Closed.IsCompleted) throw new IOException(await session.Closed);
                var sinceList = time.GetElapsedTime(_listedAt);
                if (sinceList >= ListEvery || ((_asked || _lost) && sinceList >= ListAtMostEvery)) await ListAsync(session, cancel);
                else if (_changed) await TellChangesAsync(session, cancel);
                else if (time.GetElapsedTime(_spokeAt) >= Beat) await SayAsync(session, Word(), cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await SayAsync(session, Word() with { Leaves = true }, CancellationToken.None);
            throw;
        }
    }

    private async Task ListAsync(IPresenceSession session, CancellationToken cancel)
    {
        // What changes from here on is told after the list.
        _changed = _asked = false;
        var asks = _lost;
        _lost = false;
        _told = taps.Here;
        _listedAt = time.GetTimestamp();
        var parts = _told.Chunk(MostTaps).DefaultIfEmpty([]).ToList();
        for (var i = 0; i < parts.Count; i++) await SayAsync(session, Word() with { Came = parts[i], Begins = i == 0, Ends = i == parts.Count - 1, Asks = asks && i == 0 }, cancel);
    }

    private async Task TellChangesAsync(IPresenceSession session, CancellationToken cancel)
    {
        _changed = false;
        var here = taps.Here;
        int[] came = [.. here.Except(_told)], went = [.. _told.Except(here)];
        _told = here;
        foreach (var some in went.Chunk(MostTaps)) await SayAsync(session, Word() with { Went = some }, cancel);
        foreach (var some in came.Chunk(MostTaps)) await SayAsync(session, Word() with { Came = some }, cancel);
    }

    private PresenceWord Word() => new(PresenceWord.Version, name, _start, ++_number, status.Offset);

    private async Task SayAsync(IPresenceSession session, PresenceWord word, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        _spokeAt = time.GetTimestamp();
        await session.SayAsync(word.ToBytes(), either.Token);
    }

    private void Hear(ReadOnlyMemory<byte> json)
    {
        if (PresenceWord.Read(json.Span) is not { } word || word.Start == _start) return;
        if (word.Asks) _asked = true;
        if (!others.Hear(word)) _lost = true;
    }

    private void Change() => _changed = true;
}
