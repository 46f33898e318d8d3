using BeerTap.Server.Storage;

namespace BeerTap.Server.Replication;

/// <summary>
/// Sends this hub's entries to the log, each with its number and in that order: now, or as soon as a connection is there. What is on its way when a
/// connection ends goes out again over the next one, with the number it had.
/// </summary>
internal sealed class LogSender(LogIdentity own, PendingEntries pending, ReplicationOptions options, TimeProvider time, ILogger log) : IDisposable
{
    // Held by whoever sends, so that numbers come into the log in their order.
    private readonly SemaphoreSlim _sending = new(1, 1);
    private ILogSession? _session;
    private long _number;

    /// <summary>Whether what is sent goes out. It may turn false by itself, when the connection takes nothing.</summary>
    public bool IsConnected => Volatile.Read(ref _session) is not null;

    /// <summary>Hands over commands. They are pending from then on.</summary>
    /// <returns>False when their turn came so late that their time is up: they are not pending then.</returns>
    public bool Send(IReadOnlyList<Submission> submissions, SubmissionQueue queue)
    {
        var since = time.GetTimestamp();
        _sending.Wait();
        try
        {
            if (time.GetElapsedTime(since) > options.Timeout) return false;
            var commands = submissions.SelectMany(submission => submission.Commands).ToArray();
            SendAsync(new PendingEntry(NewEntry(commands), submissions, queue, since), CancellationToken.None).GetAwaiter().GetResult();
            return true;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Hands over news of keys. Whether they came into the log is seen when they come out of it.</summary>
    public Task TellAsync(KeyNews news, CancellationToken cancel) => SendInTurnAsync(news, cancel);

    /// <summary>Sends an entry that asks for nothing, to see it come back.</summary>
    public Task ProveAsync(CancellationToken cancel) => SendInTurnAsync(null, cancel);

    /// <summary>Sends what was on its way, and from then on what comes. The last thing it sends asks for nothing: once that is heard, all that was there is.</summary>
    /// <exception cref="IOException">The connection is over, or takes nothing.</exception>
    public async Task ConnectAsync(ILogSession session, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            foreach (var entry in pending.All()) await AppendAsync(session, entry.Bytes, cancel);
            _session = session;
            await SendAsync(Pending(null), cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The connection is over: what is sent waits for the next one.</summary>
    public async Task DisconnectAsync()
    {
        await _sending.WaitAsync(CancellationToken.None);
        _session = null;
        _sending.Release();
    }

    /// <summary>Hands an entry to the engine, whoever it is from; for this hub's words about the log itself, which are not pending.</summary>
    /// <exception cref="IOException">The connection is over, or takes nothing.</exception>
    public async Task AppendAsync(ILogSession session, ReadOnlyMemory<byte> entry, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(options.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        try
        {
            await session.AppendAsync(entry, either.Token);
        }
        catch (Exception fault) when (fault is not IOException && !cancel.IsCancellationRequested)
        {
            // An engine's client whose connection breaks as the patience ends has other words for it than that it was cancelled.
            throw new IOException($"{session.Name} takes no entries", fault);
        }
    }

    public void Dispose() => _sending.Dispose();

    private async Task SendInTurnAsync(KeyNews? news, CancellationToken cancel)
    {
        await _sending.WaitAsync(cancel);
        try
        {
            await SendAsync(Pending(news), cancel);
        }
        finally
        {
            _sending.Release();
        }
    }

    private PendingEntry Pending(KeyNews? news) => new(NewEntry([]) with { Keys = news }, [], null, time.GetTimestamp());

    // Numbers are given while sending is held.
    private LogEntry NewEntry(IReadOnlyList<Command> commands) => new(own.Epoch, own.Sender, ++_number, commands);

    private async Task SendAsync(PendingEntry entry, CancellationToken cancel)
    {
        pending.Add(entry);
        if (_session is not { } session) return;
        try
        {
            await AppendAsync(session, entry.Bytes, cancel);
        }
        catch (IOException fault)
        {
            // The connection is ending; the entry is pending and goes out over the next one. Those behind it do not wait for this one any more.
            Log.NotSent(log, entry.Number, fault.Message);
            _session = null;
        }
    }
}
