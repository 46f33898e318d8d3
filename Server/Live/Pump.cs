using System.Collections.Concurrent;

namespace BeerTap.Server.Live;

/// <summary>
/// One loop that visits its subscribers and writes what each lacks, at once for all that can take it. A write that is not done at once marks
/// the subscriber busy and the loop goes on: a slow one holds back nobody.
/// </summary>
/// <remarks>
/// All state of subscribers and the list of them belong to the loop. Other threads only put something into one of the mailboxes and ring.
/// Shutdown: closing words to everybody, a bounded wait, then the loop is cancelled and ends.
/// </remarks>
internal sealed class Pump(EventLog events, CatchUp catchUp, FeedMeter meter, LiveOptions options, TimeProvider time, ILogger log)
{
    /// <summary>How many pieces one subscriber gets before the next one's turn.</summary>
    private const int PiecesPerVisit = 4;

    /// <summary>
    /// After how many visits others may run, about a millisecond and a half: as long as the system lets a thread run at least. It would put the pump
    /// aside by itself, but only at its next tick, and a post waits for several threads in turn. Oftener costs the listeners more than the posts gain.
    /// </summary>
    private const int VisitsPerTurn = 256;

    private readonly Farewell _farewell = new(options, meter, time, log);
    private readonly Walk _walk = new(events);

    // Mailboxes, open to all threads.
    private readonly ConcurrentQueue<Subscriber> _joining = new();
    private readonly ConcurrentQueue<Subscriber> _leaving = new();
    private readonly ConcurrentQueue<(Subscriber Subscriber, CloseReason Reason)> _closing = new();
    private readonly ConcurrentQueue<Finished> _finished = new();
    private readonly ConcurrentQueue<Broadcast> _followed = new();
    private readonly Bell _bell = new();
    private volatile bool _news;
    private volatile bool _tick;
    private volatile bool _cutAll;
    private volatile CloseReason? _closeAll;
    private volatile string? _to;
    private int _count;
    private long _fromStore;

    // The loop's own.
    private readonly List<Subscriber> _subscribers = [];
    private readonly Queue<Subscriber> _unfinished = new();

    // Written by the loop, read by whoever measures.
    private int _busy;
    private long _fromRing;
    private long _slowest = long.MaxValue;
    private long _lastRound = time.GetTimestamp();

    /// <summary>How many subscribers there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them have a write, a read from the store or their closing under way.</summary>
    public int Busy => Volatile.Read(ref _busy);

    /// <summary>How many events of the log were written to them, since the start.</summary>
    public long Delivered => Volatile.Read(ref _fromRing) + Volatile.Read(ref _fromStore);

    /// <summary>The position number of the one that is furthest behind, as of the last tick; the largest number when there is none.</summary>
    public long Slowest => Count == 0 ? long.MaxValue : Volatile.Read(ref _slowest);

    /// <summary>When the last tick was taken, as a timestamp.</summary>
    public long LastRound => Volatile.Read(ref _lastRound);

    public void Join(Subscriber subscriber)
    {
        Interlocked.Increment(ref _count);
        _joining.Enqueue(subscriber);
        _bell.Ring();
    }

    /// <summary>The connection is over; <see cref="Subscriber.Left"/> is done when the loop no longer uses it.</summary>
    public void Leave(Subscriber subscriber)
    {
        _leaving.Enqueue(subscriber);
        _bell.Ring();
    }

    public void Close(Subscriber subscriber, CloseReason reason)
    {
        _closing.Enqueue((subscriber, reason));
        _bell.Ring();
    }

    /// <summary>Closes all there are and all that come.</summary>
    /// <param name="to">Where they may go; null: where they were.</param>
    public void CloseAll(CloseReason reason, string? to)
    {
        _to = to;
        _closeAll = reason;
        News();
    }

    /// <summary>Cuts all that are left.</summary>
    public void CutAll()
    {
        _cutAll = true;
        _bell.Ring();
    }

    /// <summary>The log went on.</summary>
    public void News()
    {
        _news = true;
        _bell.Ring();
    }

    /// <summary>The log went on by a batch that is followed.</summary>
    public void News(Broadcast followed)
    {
        _followed.Enqueue(followed);
        News();
    }

    /// <summary>Time went on: comments are due, and stalled subscribers are cut.</summary>
    public void Tick()
    {
        _tick = true;
        _bell.Ring();
    }

    /// <summary>Runs on a thread of its own until it is cancelled.</summary>
    /// <remarks>
    /// A round over a thousand listeners takes milliseconds. On a thread of the pool, which on a small machine has one, every post that arrives meanwhile
    /// would wait for its end; a thread of its own is put aside by the system for whoever was asleep.
    /// </remarks>
    public Task RunAsync(CancellationToken cancel) => Task.Factory.StartNew(() => Run(cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken cancel)
    {
        using var ring = cancel.Register(_bell.Ring);
        while (true)
        {
            _bell.Await();
            cancel.ThrowIfCancellationRequested();
            try
            {
                Round();
            }
            catch (Exception fault)
            {
                // A fault in one round must not silence everybody else: the next one visits all again.
                Log.PumpFailed(log, fault);
                _news = true;
            }
        }
    }

    private void Round()
    {
        while (_joining.TryDequeue(out var subscriber)) Admit(subscriber);
        while (_finished.TryDequeue(out var finished)) Finish(finished);
        while (_closing.TryDequeue(out var wanted))
        {
            // Who is to be closed has joined before: if that came in since the round began, it is admitted first, and hears its welcome.
            while (_joining.TryDequeue(out var joined)) Admit(joined);
            wanted.Subscriber.CloseWanted = wanted.Reason;
            Serve(wanted.Subscriber);
        }

        for (var turns = _unfinished.Count; turns > 0; turns--) Serve(_unfinished.Dequeue());

        if (_news)
        {
            // Taken before the walk: what arrives during it makes another round.
            _news = false;
            var followed = _followed.Count;
            for (var visited = 0; visited < _subscribers.Count;)
            {
                Serve(_subscribers[visited++]);
                if (visited % VisitsPerTurn == 0) Thread.Yield();
            }

            for (; followed > 0 && _followed.TryDequeue(out var broadcast); followed--) broadcast.Walked();
        }

        if (_tick)
        {
            _tick = false;
            Volatile.Write(ref _lastRound, time.GetTimestamp());
            var slowest = long.MaxValue;
            foreach (var subscriber in _subscribers)
            {
                Look(subscriber);
                slowest = Math.Min(slowest, subscriber.Seq);
            }

            Volatile.Write(ref _slowest, slowest);
        }

        if (_cutAll) _subscribers.ForEach(subscriber => subscriber.Abort());

        while (_leaving.TryDequeue(out var subscriber))
        {
            // Who leaves has joined before: if that came in since the round began, it is admitted first.
            while (_joining.TryDequeue(out var joined)) Admit(joined);
            subscriber.Leaving = true;
            if (subscriber.State != SubscriberState.Busy) Remove(subscriber);
        }
    }

    private void Admit(Subscriber subscriber)
    {
        subscriber.Index = _subscribers.Count;
        _subscribers.Add(subscriber);
        var (seq, reload, reportVersion) = events.Join(subscriber.Format, subscriber.Request.After);
        (subscriber.Seq, subscriber.ReportVersion) = (seq, reportVersion);
        subscriber.Owed = events.Frames.Welcome(subscriber.Format, seq);
        if (reload)
        {
            meter.Reloaded();
            Log.Reload(log, subscriber.Request.ToString(), subscriber.Request.After.Position.ToString());
            subscriber.Owed = (byte[])[.. subscriber.Owed.Span, .. events.Frames.Reload(subscriber.Format, seq)];
        }

        else if (subscriber.Request.After.Kind == AfterKind.Position)
        {
            meter.Resumed();
        }

        Serve(subscriber);
    }

    private void Serve(Subscriber subscriber)
    {
        for (var pieces = 0; subscriber.State == SubscriberState.Idle; pieces++)
        {
            // The welcome is always the first word, also to one that comes while the hub closes.
            if (subscriber.Owed.Length == 0 && (subscriber.CloseWanted ?? _closeAll) is { } reason)
            {
                Begin(subscriber, _farewell.SayAsync(subscriber, reason, reason.ComeBack ? _to : null));
                return;
            }

            if (pieces == PiecesPerVisit)
            {
                _unfinished.Enqueue(subscriber);
                _bell.Ring();
                return;
            }

            var piece = subscriber.Owed.Length > 0
                ? new Piece(PieceKind.Events, subscriber.Owed, subscriber.Seq, subscriber.ReportVersion)
                : _walk.Next(subscriber.Format, subscriber.Seq, subscriber.ReportVersion);
            if (piece.Kind == PieceKind.Nothing) return;

            subscriber.Owed = default;
            if (piece.Kind == PieceKind.InStore) Begin(subscriber, CatchUpAsync(subscriber, subscriber.Seq, piece.Seq));
            else Write(subscriber, piece);
        }
    }

    private void Write(Subscriber subscriber, Piece piece)
    {
        Volatile.Write(ref _fromRing, _fromRing + piece.Seq - subscriber.Seq);
        (subscriber.Seq, subscriber.ReportVersion) = (piece.Seq, piece.ReportVersion);
        if (piece.Bytes.Length == 0) return;

        subscriber.LastWrite = time.GetTimestamp();
        try
        {
            var write = subscriber.WriteAsync(piece.Bytes);
            if (write.IsCompletedSuccessfully) write.GetAwaiter().GetResult();
            else Begin(subscriber, write.AsTask());
        }
        catch (Exception fault)
        {
            Cut(subscriber, fault);
        }
    }

    /// <summary>Marks the subscriber busy until something that takes its time, and was begun, is over; the loop goes on.</summary>
    /// <remarks>It is given as a task and not as a function: a closure would be made for each visit, also where there is nothing to begin.</remarks>
    private void Begin(Subscriber subscriber, Task work)
    {
        subscriber.State = SubscriberState.Busy;
        Volatile.Write(ref _busy, _busy + 1);
        subscriber.LastWrite = time.GetTimestamp();
        _ = FinishAsync(subscriber, work);
    }

    private async Task FinishAsync(Subscriber subscriber, Task work)
    {
        Exception? fault = null;
        try
        {
            await work;
        }
        catch (Exception caught)
        {
            fault = caught;
        }

        _finished.Enqueue(new Finished(subscriber, fault));
        _bell.Ring();
    }

    private void Finish(Finished finished)
    {
        var subscriber = finished.Subscriber;
        Volatile.Write(ref _busy, _busy - 1);
        subscriber.State = subscriber.Closed ? SubscriberState.Gone : SubscriberState.Idle;
        if (finished.Fault is { } fault) Cut(subscriber, fault);
        if (subscriber.Leaving) Remove(subscriber);
        else Serve(subscriber);
    }

    /// <summary>Reads one page from the store and writes it, off the loop; then the subscriber gets its next turn.</summary>
    private async Task CatchUpAsync(Subscriber subscriber, long after, long to)
    {
        var (frames, last) = await catchUp.ReadAsync(subscriber.Format, after, to);
        await subscriber.WriteAsync(frames.Written);
        frames.Return();
        subscriber.Seq = last;
        Interlocked.Add(ref _fromStore, last - after);
    }

    /// <summary>The client went away in the middle of a write, or the store could not be read: it comes back with its position.</summary>
    private void Cut(Subscriber subscriber, Exception fault)
    {
        subscriber.State = SubscriberState.Gone;
        if (!subscriber.Leaving) Log.WriteFailed(log, subscriber.Request.ToString(), subscriber.Transport, fault.Message);
        subscriber.Abort();
    }

    private void Look(Subscriber subscriber)
    {
        // A long write may take a slow reader its time: as long as its side of the connection takes bytes, it is not stuck.
        if (subscriber.State == SubscriberState.Busy && subscriber.TakesBytes()) subscriber.LastWrite = time.GetTimestamp();
        var quiet = time.GetElapsedTime(subscriber.LastWrite);
        if (subscriber.State == SubscriberState.Busy && quiet > options.StallTimeout)
        {
            // Its pending write fails by this, and Finish lets go of it.
            Log.Stalled(log, subscriber.Request.ToString(), subscriber.Transport, quiet.TotalSeconds, CloseReason.Idle.Name);
            meter.Closed(CloseReason.Idle);
            subscriber.Closed = true;
            subscriber.Abort();
        }
        else if (subscriber.State == SubscriberState.Idle && subscriber.IsCommentDue(options, time))
        {
            subscriber.Owed = subscriber.Comment;
            Serve(subscriber);
        }
    }

    private void Remove(Subscriber subscriber)
    {
        var last = _subscribers[^1];
        (_subscribers[subscriber.Index], last.Index) = (last, subscriber.Index);
        _subscribers.RemoveAt(_subscribers.Count - 1);
        subscriber.State = SubscriberState.Gone;
        events.Leave(subscriber.Format);
        Interlocked.Decrement(ref _count);
        subscriber.SetLeft();
    }

    /// <summary>Something that took its time is over, well or with a fault.</summary>
    private readonly record struct Finished(Subscriber Subscriber, Exception? Fault);
}
