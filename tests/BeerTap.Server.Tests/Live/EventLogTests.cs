using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Live;

/// <summary>What the log keeps ready, and for whom.</summary>
public sealed class EventLogTests
{
    private const int Ring = 64;

    private readonly EventLog _log = new("k3x9q2ab", () => 0, new LiveOptions { RingEvents = Ring });
    private long _head;

    [Fact]
    public void NothingIsWrittenInAFormatThatNobodyListensIn()
    {
        _log.Join(FrameFormat.Json, default);
        Pour(3);
        Assert.Equal(PieceKind.Events, _log.Next(FrameFormat.Json, 0, 0).Kind);
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.Sse, 0, 0).Kind);
    }

    [Fact]
    public void WhoIsTheFirstInAFormatHearsAllFromThereOn()
    {
        Pour(5);
        var (seq, _, report) = _log.Join(FrameFormat.Sse, default);
        Assert.Equal(5, seq);
        Assert.Equal(PieceKind.Nothing, _log.Next(FrameFormat.Sse, seq, report).Kind);
        Pour(2);
        var piece = _log.Next(FrameFormat.Sse, seq, report);
        Assert.Equal((PieceKind.Events, 7L), (piece.Kind, piece.Seq));
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.Sse, 4, report).Kind);
    }

    [Fact]
    public void WhoeverComesBackSoonFindsTheRingAsItWas()
    {
        _log.Join(FrameFormat.SignalR, default);
        Pour(10);
        _log.Leave(FrameFormat.SignalR);
        Pour(Ring - 10);
        Assert.Equal(PieceKind.Events, _log.Next(FrameFormat.SignalR, 10, 0).Kind);
    }

    [Fact]
    public void AFormatThatAllHaveLeftForLongIsNotWrittenAnyMore()
    {
        _log.Join(FrameFormat.SignalR, default);
        _log.Join(FrameFormat.SignalR, default);
        _log.Leave(FrameFormat.SignalR);
        Pour(Ring + 10);
        Assert.Equal(PieceKind.Events, _log.Next(FrameFormat.SignalR, _head - 1, 0).Kind);
        _log.Leave(FrameFormat.SignalR);
        for (var i = 0; i <= Ring; i++) Pour(1);
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.SignalR, _head - 1, 0).Kind);

        _log.Join(FrameFormat.SignalR, default);
        Pour(1);
        Assert.Equal((PieceKind.Events, _head), (_log.Next(FrameFormat.SignalR, _head - 1, 0).Kind, _log.Next(FrameFormat.SignalR, _head - 1, 0).Seq));
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.SignalR, _head - 2, 0).Kind);
    }

    [Fact]
    public void ABatchThatWasNotHeardLeavesAHoleThatTheStoreFills()
    {
        _log.Join(FrameFormat.Json, default);
        Pour(3);
        _head += 2;
        Pour(1);
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.Json, 3, 0).Kind);
        Assert.Equal((PieceKind.Events, 6L), (_log.Next(FrameFormat.Json, 5, 0).Kind, _log.Next(FrameFormat.Json, 5, 0).Seq));
    }

    [Fact]
    public void TheRingHoldsItsNewestEvents()
    {
        _log.Join(FrameFormat.Text, default);
        Pour(3 * Ring);
        Assert.Equal(PieceKind.Events, _log.Next(FrameFormat.Text, _head - Ring, 0).Kind);
        Assert.Equal(PieceKind.InStore, _log.Next(FrameFormat.Text, _head - Ring - 1, 0).Kind);
    }

    private void Pour(int beers)
    {
        var first = _head + 1;
        _head += beers;
        _log.Append(new CommittedBatch([.. Enumerable.Range(0, beers).Select(i => new BeerPoured(new Beer(first + i, "pint", 500, DateTime.UnixEpoch, 1)))]));
    }
}
