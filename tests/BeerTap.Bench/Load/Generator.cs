using System.Diagnostics;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench.Load;

/// <summary>
/// The load: listeners and posters on one thread over epoll, so that it costs what it must and no more. In its loop nothing is allocated: an event
/// is looked at in the one buffer that all connections are read into.
/// </summary>
internal sealed class Generator(Peer server) : IDisposable
{
    private const int ReadAtMost = 256 * 1024;

    /// <summary>Fewer than the shortest queue of a listening socket (nginx: 511), so that no connection waits for TCP's retry.</summary>
    private const int ConnectingAtOnce = 200;

    /// <summary>A post that goes out this much later than it was due is timed from when it was due: waiting for a free poster is waiting.</summary>
    private static readonly long Late = Stopwatch.Frequency / 500;

    /// <summary>How far listeners may be behind, in the mean, while it warms up: thousands would be minutes behind, and the posters' connections be closed for doing nothing.</summary>
    private const long MostBehind = 8_192;

    /// <summary>A server that brings nothing more for so long has lost what is missing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Listener.Carry + ReadAtMost, pinned: true);
    private readonly Epoll _epoll = new();
    private readonly List<Listener> _listeners = [];
    private readonly List<Poster> _posters = [];

    public PourBook Book { get; } = new();

    /// <summary>Opens listeners until each is in.</summary>
    public void Listen(int listeners, Feed feed)
    {
        var first = _listeners.Count;
        var deadline = Stopwatch.GetTimestamp() + 60 * Stopwatch.Frequency;
        while (_listeners.Count(listener => listener.IsIn) is var there && there < first + listeners)
        {
            while (_listeners.Count < first + listeners && _listeners.Count - there < ConnectingAtOnce) Open(feed, "", Book);
            Turn(10);
            if (_listeners.Find(listener => listener.Fault is not null) is { } lost) throw new InvalidOperationException(lost.Fault);
            if (Stopwatch.GetTimestamp() > deadline) throw new InvalidOperationException($"Only {there} of {listeners} listeners came in.");
        }

        // What was said as a welcome is not to be measured.
        while (Turn(200) > 0) { }
    }

    /// <summary>Opens a listener that is not judged with the others, and does not wait for it.</summary>
    public Listener Open(Feed feed, string query, long most) => Open(feed, query, null, most);

    private Listener Open(Feed feed, string query, PourBook? book, long most = long.MaxValue)
    {
        var listener = new Listener(Wire.Dial(server.Port), feed, book, most);
        _epoll.Add(listener.Socket, _listeners.Count);
        _listeners.Add(listener);
        listener.Ask(server.Port, query);
        return listener;
    }

    public void AddPosters(int posters, PourRequest request)
    {
        for (var i = 0; i < posters; i++)
        {
            var poster = new Poster(Wire.Dial(server.Port), request, Book);
            _posters.Add(poster);
            _epoll.Add(poster.Socket, -_posters.Count);
        }
    }

    /// <summary>Pours, waits until every listener has heard everything, and judges.</summary>
    /// <param name="meanwhile">Called again and again while it is measured.</param>
    public Outcome Run(Pace pace, Action? meanwhile = null)
    {
        // At full speed first: at fifty a second a runtime would still be compiling, and collecting what the connections left, when it is measured.
        PourFor(0, pace.WarmUp - pace.ComingDown, mostBehind: MostBehind);
        if (pace.ComingDown > TimeSpan.Zero)
        {
            Settle();
            PourFor(pace.PerSecond, pace.ComingDown);
        }

        Book.BeginMeasuring();
        var (heard, answered, busy, used, from) = (Heard, Book.Acknowledged, Libc.ThreadSeconds(), server.ProcessorSeconds, Stopwatch.GetTimestamp());
        var (serverCore, loadCore, disk) = (Machine.BusySeconds(Machine.ServerCore), Machine.BusySeconds(Machine.LoadCore), Machine.DiskFlushes());
        PourFor(pace.PerSecond, pace.Time, meanwhile);
        var seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        var (posts, deliveries, share) = ((Book.Acknowledged - answered) / seconds, (Heard - heard) / seconds, (Libc.ThreadSeconds() - busy) / seconds);
        used = (server.ProcessorSeconds - used) / seconds;
        (serverCore, loadCore) = ((Machine.BusySeconds(Machine.ServerCore) - serverCore) / seconds, (Machine.BusySeconds(Machine.LoadCore) - loadCore) / seconds);
        var flushes = Machine.DiskFlushes();
        var flushTime = (flushes.Milliseconds - disk.Milliseconds) / Math.Max(1, flushes.Count - disk.Count);
        Settle();
        return new Outcome(posts, deliveries, share, used, Math.Max(serverCore - used, loadCore - share), flushTime, Book, Fault(), HaveAll(listener => listener.Order == _listeners[0].Order));
    }

    /// <summary>Pours exactly so many, as fast as they are answered; gives how long it took.</summary>
    public TimeSpan Fill(long pours)
    {
        var (began, last) = (Stopwatch.GetTimestamp(), Book.Count + pours);
        foreach (var poster in _posters)
        {
            if (Book.Count < last) poster.Post(began);
        }

        while (_posters.Exists(poster => poster.IsBusy))
        {
            Turn(10, most: last);
            if (_posters.Find(poster => poster.Fault is not null) is { } refused) throw new InvalidOperationException(refused.Fault);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Reads for so long, without pouring.</summary>
    public void Idle(TimeSpan time)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time;) Turn(50);
    }

    public bool HaveAllHeard(int pours) => HaveAll(listener => listener.Count == pours);

    public void Dispose()
    {
        foreach (var listener in _listeners) listener.Dispose();
        foreach (var poster in _posters) _ = Libc.Close(poster.Socket);
        _epoll.Dispose();
    }

    private long Heard => _listeners.Sum(listener => listener.Count);

    private bool IsSettled => !_posters.Exists(poster => poster.IsBusy) && HaveAll(listener => listener.Count >= Book.Acknowledged);

    private bool HaveAll(Predicate<Listener> what) => _listeners.TrueForAll(listener => !listener.IsJudged || what(listener));

    private void PourFor(double perSecond, TimeSpan time, Action? meanwhile = null, long mostBehind = long.MaxValue)
    {
        var from = Stopwatch.GetTimestamp();
        var until = from + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var (ticksPerPour, first) = (Stopwatch.Frequency / perSecond, Book.Count);
        for (long now; (now = Stopwatch.GetTimestamp()) < until && Book.Count < PourBook.Most - 100_000;)
        {
            if (perSecond > 0)
            {
                for (var i = 0; i < _posters.Count && from + (long)((Book.Count - first) * ticksPerPour) is var due && due <= now; i++)
                {
                    if (!_posters[i].IsBusy) _posters[i].Post(now - due < Late ? now : due);
                }
            }

            var mayPost = perSecond == 0 && (mostBehind == long.MaxValue || _listeners.Count == 0 || Book.Acknowledged - (Heard / _listeners.Count) < mostBehind);
            if (mayPost)
            {
                foreach (var poster in _posters)
                {
                    if (!poster.IsBusy) poster.Post(now);
                }
            }

            Turn(perSecond > 0 ? 1 : 10, most: mayPost ? long.MaxValue : 0);
            if (perSecond > 0) LookForAnswers();
            meanwhile?.Invoke();
        }
    }

    /// <summary>An answer must not wait until the thousand events that came before it are read: that would be timed too.</summary>
    private void LookForAnswers()
    {
        foreach (var poster in _posters)
        {
            if (poster.IsBusy) poster.Receive(broken: false, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Serves each connection that has something, once.</summary>
    /// <param name="most">Who was answered posts again, until so many pours were sent.</param>
    private int Turn(int milliseconds, long most = 0)
    {
        var ready = _epoll.Wait(milliseconds);
        for (var i = 0; i < ready; i++)
        {
            var (number, broken, now) = (_epoll.Number(i), _epoll.IsBroken(i), Stopwatch.GetTimestamp());
            if (number >= 0)
            {
                _listeners[number].Receive(_buffer, broken, now);
            }
            else
            {
                var poster = _posters[-1 - number];
                if (poster.Receive(broken, now) && Book.Count < most && poster.Fault is null) poster.Post(now);
            }
        }

        return ready;
    }

    private void Settle()
    {
        var (last, progress) = (Stopwatch.GetTimestamp(), Heard + Book.Acknowledged);
        while (!IsSettled && Stopwatch.GetElapsedTime(last) < Patience && Fault(early: true) is null)
        {
            Turn(10);
            if (Heard + Book.Acknowledged is var now && now == progress) continue;
            (last, progress) = (Stopwatch.GetTimestamp(), now);
        }

        // One heard twice would come after all the others. A connection that was closed has always something to say.
        while (Turn(50) > 0 && Fault(early: true) is null) { }
    }

    private string? Fault(bool early = false)
    {
        if (_posters.Find(poster => poster.Fault is not null) is { } poster) return poster.Fault;
        if (_listeners.Find(listener => listener.Fault is not null && listener.IsJudged) is { } gone) return gone.Fault;
        if (early) return null;
        if (Book.Acknowledged != Book.Count) return $"{Book.Count - Book.Acknowledged} of {Book.Count} posts were not acknowledged";
        for (var i = 0; i < _listeners.Count; i++)
        {
            var listener = _listeners[i];
            if (!listener.IsJudged) continue;
            if (listener.Count != Book.Acknowledged) return $"listener {i} heard {listener.Count} of {Book.Acknowledged} pours";
            if (listener.Set != (listener.SaysIds ? _listeners[0].Set : Book.Set)) return $"listener {i} heard other pours than were acknowledged";
        }

        return null;
    }
}
