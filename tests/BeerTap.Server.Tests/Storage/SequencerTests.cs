using BeerTap.Server.Storage;
using static BeerTap.Server.Tests.Storage.StoreUnderTest;

namespace BeerTap.Server.Tests.Storage;

public sealed class SequencerTests : IDisposable
{
    private readonly FakeStore _store = new();
    private LogBatch _batch = new(0);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void EachPourTakesTheNextPosition()
    {
        Assert.Equal([1L, 2, 3], Enumerable.Range(0, 3).Select(_ => Decide(Pour()).Beer!.Id));
        Commit();
        Assert.Equal(4, Decide(Pour()).Beer!.Id);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void TheSamePourAgainIsReplayed(bool committedBetween)
    {
        var first = Decide(Pour(1, volume: 500, pourId: "a"));
        if (committedBetween) Commit();
        var again = Decide(Pour(1, volume: 500, at: Noon.AddHours(1), pourId: "a"));
        Assert.Equal(new Outcome(OutcomeKind.Replayed, first.Beer), again);
        Assert.Equal(committedBetween ? 0 : 1, _batch.Events.Count);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void ThePourIdOfAnotherVolumeIsReused(bool committedBetween)
    {
        var first = Decide(Pour(1, volume: 500, pourId: "a"));
        if (committedBetween) Commit();
        Assert.Equal(new Outcome(OutcomeKind.PourIdReused, first.Beer), Decide(Pour(1, volume: 500.0001, pourId: "a")));
    }

    [Fact]
    public void APourIdBelongsToItsTap()
    {
        Decide(Pour(1, pourId: "a"));
        Assert.Equal(OutcomeKind.Poured, Decide(Pour(2, pourId: "a")).Kind);
    }

    [Fact]
    public void PoursWithoutAnIdAreNeverTheSame()
    {
        Decide(Pour());
        Assert.Equal(OutcomeKind.Poured, Decide(Pour()).Kind);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void ABeerIsDeletedOnce(bool committedBetween)
    {
        var beer = Decide(Pour()).Beer!;
        if (committedBetween) Commit();
        Assert.Equal(new Outcome(OutcomeKind.Deleted, beer), Decide(new DeleteBeer(1, Noon)));
        Assert.Equal(OutcomeKind.NotFound, Decide(new DeleteBeer(1, Noon)).Kind);
        Commit();
        Assert.Equal(OutcomeKind.NotFound, Decide(new DeleteBeer(1, Noon)).Kind);
        Assert.Equal([1L, 2], _store.ReadLog(0, 10).Select(entry => entry.Seq));
    }

    [Fact]
    public void APourThatWasDeletedIsStillReplayed()
    {
        var beer = Decide(Pour(pourId: "a")).Beer!;
        Decide(new DeleteBeer(beer.Id, Noon));
        Assert.Equal(OutcomeKind.Replayed, Decide(Pour(pourId: "a")).Kind);
        Commit();
        Assert.Equal(new Outcome(OutcomeKind.Replayed, beer), Decide(Pour(pourId: "a")));
    }

    [Fact]
    public void ADeletionIsNoBeer()
    {
        Decide(Pour());
        Decide(new DeleteBeer(1, Noon));
        Assert.Equal(OutcomeKind.NotFound, Decide(new DeleteBeer(2, Noon)).Kind);
        Assert.Equal(OutcomeKind.NotFound, Decide(new DeleteBeer(3, Noon)).Kind);
    }

    private Outcome Decide(Command command) => new Sequencer(_store).Decide(command, _batch);

    private void Commit()
    {
        _store.Append(_batch);
        _batch = new LogBatch(_batch.Head);
    }
}
