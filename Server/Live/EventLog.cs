using System.Numerics;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>
/// The newest part of the log in memory, each event ready to send in each format, and the newest share report. Fed in commit order by the
/// repository; read by the pumps.
/// </summary>
internal sealed class EventLog
{
    private readonly Lock _gate = new();
    private readonly Frames _frames;
    private readonly FrameRing[] _rings;
    private readonly Func<long> _committedHead;
    private readonly List<FrameRing> _wanted = [];
    private long _head;
    private long _version;
    private ReportFrames _report;

    /// <param name="committedHead">The position number the store has come to: ahead of the log while a batch is between commit and announcement.</param>
    public EventLog(string epoch, Func<long> committedHead, LiveOptions options)
    {
        Epoch = epoch;
        _committedHead = committedHead;
        var head = committedHead();
        _frames = new Frames(epoch);
        var capacity = (int)BitOperations.RoundUpToPowerOf2((uint)options.RingEvents);
        _rings = [.. Enum.GetValues<FrameFormat>().Select(format => new FrameRing(format, capacity, head))];
        _head = head;
        _report = new ReportFrames(0, 0, () => new ShareReport(0, []));
    }

    /// <summary>Raised after the log or the report went on, outside the lock, on the thread that brought the news.</summary>
    public event Action? Advanced;

    public string Epoch { get; }

    public Frames Frames => _frames;

    /// <summary>Becomes another with each event and each report, before anybody is told of it; reading it waits for nobody.</summary>
    public long Version => Volatile.Read(ref _version);

    public long Head
    {
        get { lock (_gate) return _head; }
    }

    /// <summary>Takes a committed batch. Called by one thread at a time, in commit order.</summary>
    public void Append(CommittedBatch batch)
    {
        lock (_gate)
        {
            // A batch that was not heard (its announcement failed) leaves a hole, and one that nobody will ask for is not written: the ring
            // begins anew behind it, and subscribers read what lies before from the store.
            _wanted.Clear();
            foreach (var ring in _rings)
            {
                if (ring.Begin(batch.Events[0].Seq, batch.Last)) _wanted.Add(ring);
            }

            if (_wanted.Count > 0)
            {
                foreach (var entry in batch.Events) _frames.WriteAll(entry, _wanted);
            }

            _head = batch.Last;
            Volatile.Write(ref _version, _version + 1);
        }

        Advanced?.Invoke();
    }

    /// <summary>
    /// Puts a report in its place right behind a position. Refused (false) when the log is not at that position: a subscriber could have gone
    /// past it and would hear positions go back.
    /// </summary>
    /// <param name="report">Makes the report, when the first subscriber asks for it.</param>
    public bool TryPublish(Func<ShareReport> report, long seq)
    {
        lock (_gate)
        {
            if (seq != _head) return false;
            _report = new ReportFrames(_report.Version + 1, seq, report);
            Volatile.Write(ref _version, _version + 1);
        }

        Advanced?.Invoke();
        return true;
    }

    /// <summary>Where a subscriber starts: the position number, whether it must reload, and the last report it need not hear.</summary>
    /// <remarks>A position is from the future only if the store does not know it: its caller may have been answered before it is announced here.</remarks>
    public (long Seq, bool Reload, long ReportVersion) Join(FrameFormat format, After after)
    {
        var committed = _committedHead();
        lock (_gate)
        {
            _rings[(int)format].Join();
            var (seq, reload) = after.Resolve(Epoch, Math.Max(committed, _head), _head);
            return (seq, reload, seq < _report.Seq ? _report.Version - 1 : _report.Version);
        }
    }

    /// <summary>The position number a caller means that does not stay, and whether it must reload.</summary>
    public (long Seq, bool Reload) Resolve(After after)
    {
        var committed = _committedHead();
        lock (_gate) return after.Resolve(Epoch, Math.Max(committed, _head), _head);
    }

    /// <summary>A subscriber that joined is gone.</summary>
    public void Leave(FrameFormat format)
    {
        lock (_gate) _rings[(int)format].Leave(_head);
    }

    /// <summary>What a subscriber at a position lacks next, as far as it lies in one piece.</summary>
    public Piece Next(FrameFormat format, long seq, long reportVersion)
    {
        lock (_gate)
        {
            // A subscriber that came with a position ahead of the report's needs the next one.
            if (seq > _report.Seq) reportVersion = _report.Version;
            var reportDue = reportVersion < _report.Version;
            if (reportDue && seq == _report.Seq) return new Piece(PieceKind.Report, _report.Frame(format, _frames), seq, _report.Version);

            // Never past a report that is due: it has its place right behind its position.
            var to = reportDue ? _report.Seq : _head;
            if (seq >= to) return new Piece(PieceKind.Nothing, default, seq, reportVersion);
            if (seq + 1 < _rings[(int)format].First) return new Piece(PieceKind.InStore, default, to, reportVersion);

            var (bytes, last) = _rings[(int)format].Slice(seq, to);
            return new Piece(PieceKind.Events, bytes, last, reportVersion);
        }
    }

    /// <summary>A report, written in a format when the first subscriber asks for it.</summary>
    private sealed class ReportFrames(long version, long seq, Func<ShareReport> make)
    {
        private readonly byte[]?[] _written = new byte[Live.Frames.Formats][];
        private ShareReport? _report;

        public long Version => version;

        public long Seq => seq;

        public byte[] Frame(FrameFormat format, Frames frames) => _written[(int)format] ??= frames.Report(format, seq, _report ??= make());
    }
}

internal enum PieceKind
{
    /// <summary>The subscriber has everything.</summary>
    Nothing,

    /// <summary>Events from the ring.</summary>
    Events,

    /// <summary>The newest share report.</summary>
    Report,

    /// <summary>Events that only the store still has, up to the position number <see cref="Piece.Seq"/> at most.</summary>
    InStore,
}

/// <summary>The next bytes for a subscriber, and where it stands once they are written.</summary>
internal readonly record struct Piece(PieceKind Kind, ReadOnlyMemory<byte> Bytes, long Seq, long ReportVersion);
