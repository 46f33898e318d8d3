using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// Keeps this hub connected to the log: connects again when the connection breaks, and hears each entry once. Before anything is sent it hears the
/// last entry it knows once more: that shows that the log is still the one that the store was made from.
/// </summary>
internal sealed class LogConnection(
    ILogStream stream, LogIdentity own, LogSender sender, PendingEntries pending, ReceivedEntries received, LogStatus status, ReplicationOptions options,
    Action<LogException> refuse, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200), LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>What waits for the store grows with each connection, since the engine does not know what the ones before gave. So none is made while so much waits.</summary>
    private const int MostReceived = 1_000;

    /// <summary>
    /// A broker that is cut off from the others stays silent and looks like one where nothing happens. So a hub that has nothing to say says so this
    /// often: what does not come back within <see cref="ReplicationOptions.Timeout"/> shows it.
    /// </summary>
    private static readonly TimeSpan ProveEvery = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection may give entries of others but none of this hub's own, in the end: a hub that has much to catch up with comes to its own late.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(2);

    /// <summary>Ticks without a word from the log, after which another connection is tried, and with it perhaps another broker.</summary>
    private const int LongestSilence = 5;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1), TellEvery = TimeSpan.FromSeconds(5);

    // Held while an entry is taken in.
    private readonly Lock _hearing = new();
    private TaskCompletionSource _recognised = new();
    private int _connections;
    private long _last = own.Offset;
    private string? _lastSender = own.LastSender;
    private long _heardAt = time.GetTimestamp();

    // The connecting task's own.
    private TimeSpan _pause = ShortestPause, _patience = options.Timeout / 2;
    private long _words;

    /// <summary>Until the hub stops, or is found not to belong to the log.</summary>
    public async Task KeepAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested && status.Fatal is null)
        {
            try
            {
                while (received.Count > MostReceived) await Task.Delay(Tick, time, cancel);
                await UseAsync(cancel);
            }
            catch (LogException fault)
            {
                Refuse(fault);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (IOException fault)
            {
                Cut(fault.Message);
                await PauseAsync(cancel);
            }
            catch (Exception fault)
            {
                // Nobody knows what it means, but a hub that does not try again is lost for sure.
                Log.Surprised(log, fault);
                Cut($"{fault.GetType().Name}: {fault.Message}");
                await PauseAsync(cancel);
            }
        }
    }

    /// <summary>One connection, from its opening to its end.</summary>
    private async Task UseAsync(CancellationToken cancel)
    {
        int connection;
        long from;
        lock (_hearing)
        {
            connection = ++_connections;
            _recognised = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            from = Math.Max(_last, 0);
        }

        ILogSession? session = null;
        try
        {
            session = await stream.OpenAsync(from, delivery => Hear(connection, delivery), cancel);
            status.Entries = session.Entries ?? 0;
            await RecogniseAsync(session, cancel);
            await ServeAsync(session, cancel);
        }
        finally
        {
            // Nothing of it counts any more, should something still come.
            lock (_hearing) _connections++;
            if (session is not null) await session.DisposeAsync();
        }
    }

    /// <summary>Waits until the entry that is known came again, or the first one came at all.</summary>
    private async Task RecogniseAsync(ILogSession session, CancellationToken cancel)
    {
        var mayBegin = own.Offset < 0 && _last < 0;
        if (mayBegin && session.IsNew) await BeginAsync(session, cancel);
        for (var silent = 0; !await IsDoneAsync(_recognised.Task, session, cancel); silent++)
        {
            if (mayBegin)
            {
                if (silent == 0 && !session.IsNew) await BeginAsync(session, cancel);
            }
            else if (silent > 1)
            {
                await LookAtEndAsync(session, cancel);
            }

            if (silent == LongestSilence) throw new IOException($"{session.Name} gives nothing");
        }
    }

    /// <summary>Nothing comes: it is empty, so this hub's history may be how it begins. Of several hubs that think so, the first in the log is right.</summary>
    private Task BeginAsync(ILogSession session, CancellationToken cancel) =>
        sender.AppendAsync(session, LogEntryJson.Write(NewWord() with { Begins = new LogBeginning(own.Head) }), cancel);

    /// <summary>
    /// The log holds back an entry that it once gave. Either it cannot give anything now, or it was made anew or cut short; then what this hub says
    /// last stands before what it heard before.
    /// </summary>
    private async Task LookAtEndAsync(ILogSession session, CancellationToken cancel)
    {
        var word = NewWord();
        await sender.AppendAsync(session, LogEntryJson.Write(word), cancel);
        foreach (var delivery in await session.ReadEndAsync(cancel))
        {
            var entry = LogEntryJson.Read(delivery.Entry.Span, delivery.Offset);
            if (entry.Sender == own.Sender && entry.Number == word.Number && delivery.Offset <= _last)
            {
                throw new LogException(
                    $"The log ends at entry {delivery.Offset}, but this hub has applied entry {_last}: the brokers lost what they had confirmed, or the stream was made anew. See the runbook, 'The brokers lost the log'. This hub's store was left as it is.");
            }
        }
    }

    /// <summary>Sends what was on its way, then what comes; leaves when the connection is over or nothing gets through it.</summary>
    private async Task ServeAsync(ILogSession session, CancellationToken cancel)
    {
        await sender.ConnectAsync(session, cancel);
        Log.Connected(log, session.Name, _last);
        status.Connected = true;
        var began = time.GetTimestamp();
        var told = began;
        try
        {
            while (!await IsDoneAsync(session.Closed, session, cancel))
            {
                if (!sender.IsConnected) throw new IOException($"{session.Name} takes no entries");
                if (IsDead(began)) throw new IOException($"nothing came through the log for {pending.Unproven.TotalSeconds:0} s: most of the brokers are away, or this one does not answer");
                if (pending.SinceProof > ProveEvery && pending.IsEmpty) await sender.ProveAsync(cancel);
                if (status.CaughtUp || time.GetElapsedTime(told) < TellEvery) continue;
                told = time.GetTimestamp();
                Log.CatchingUp(log, status.Offset, status.Entries);
            }
        }
        finally
        {
            await sender.DisconnectAsync();
            pending.Doubt();
        }
    }

    /// <summary>Whether the log takes nothing over this connection, as far as can be told from here.</summary>
    private bool IsDead(long began)
    {
        // Half of the callers' patience, so that what is sent again over the next connection can still be answered.
        var patience = options.Timeout / 2;
        var here = time.GetElapsedTime(began);
        if (pending.SinceProof < here) (_pause, _patience) = (ShortestPause, patience);
        if (pending.Unproven <= patience) return false;

        // Silence means nothing while the store is behind: the engine waits until it took what it was given.
        if (time.GetElapsedTime(Math.Max(began, Volatile.Read(ref _heardAt))) > patience) return Volatile.Read(ref _last) <= status.Offset;

        // Others are heard. Either there is much to catch up with, or it takes nothing of this hub's. The next connection goes on where this one ends, and longer.
        if (here <= _patience) return false;
        _patience = _patience * 2 < LongestPatience ? _patience * 2 : LongestPatience;
        return true;
    }

    /// <summary>Whether it is done after a tick. Fails when the connection is over.</summary>
    private async Task<bool> IsDoneAsync(Task awaited, ILogSession session, CancellationToken cancel)
    {
        await Task.WhenAny(awaited, session.Closed, Task.Delay(Tick, time, cancel));
        cancel.ThrowIfCancellationRequested();
        if (status.Fatal is { } fatal) throw fatal;
        if (awaited.IsCompleted && awaited != session.Closed) return true;
        return session.Closed.IsCompleted ? throw new IOException(await session.Closed) : false;
    }

    /// <summary>Said while what is on its way has yet to be sent again, so it must not overtake that.</summary>
    private LogEntry NewWord() => new(own.Epoch, own.Sender, --_words, []);

    private void Hear(int connection, LogDelivery delivery)
    {
        try
        {
            lock (_hearing)
            {
                if (connection != _connections || status.Fatal is not null) return;
                Volatile.Write(ref _heardAt, time.GetTimestamp());
                if (_last < 0)
                {
                    own.CheckFirst(LogEntryJson.Read(delivery.Entry.Span, delivery.Offset), delivery.Offset);
                }
                else if (!_recognised.Task.IsCompleted)
                {
                    Recognise(delivery);
                    return;
                }

                if (delivery.Offset <= _last) return;
                var entry = LogEntryJson.Read(delivery.Entry.Span, delivery.Offset);
                own.CheckEpoch(entry);
                Volatile.Write(ref _last, delivery.Offset);
                _lastSender = entry.Sender;
                if (entry.Sender == own.Sender) pending.Heard(entry.Number);
                _recognised.TrySetResult();
                received.Add(new ReceivedEntry(entry, delivery));
            }
        }
        catch (LogException fault)
        {
            Refuse(fault);
        }
    }

    /// <summary>The last entry that is known must come first.</summary>
    private void Recognise(LogDelivery delivery)
    {
        if (delivery.Offset < _last) return;
        if (delivery.Offset > _last) throw LogIdentity.Dropped(_last, delivery.Offset);
        var entry = LogEntryJson.Read(delivery.Entry.Span, delivery.Offset);
        own.CheckEpoch(entry);
        if (entry.Sender != _lastSender)
            throw new LogException($"Entry {_last} of the log is another one than this hub has applied: the stream was made anew. See the runbook, 'The brokers lost the log'. This hub's store was left as it is.");
        _recognised.TrySetResult();
    }

    private void Refuse(LogException fault)
    {
        if (!status.Refuse(fault)) return;
        Log.Refused(log, fault.Message);
        refuse(fault);
    }

    private void Cut(string why)
    {
        if (status.Connected || status.Trouble != why) Log.Cut(log, why);
        status.Cut(why);
    }

    private async Task PauseAsync(CancellationToken cancel)
    {
        // Each hub its own moment, so that a broker that came back is not met by all at once.
        await Task.Delay(_pause * (0.5 + Random.Shared.NextDouble()), time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
    }
}
