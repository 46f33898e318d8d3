namespace BeerTap.Client.Tests;

public sealed class FeedTallyTests
{
    private readonly FeedTally _tally = new();

    [Fact]
    public void WhatFollowsInOrderHasNoGap()
    {
        Take(FeedEvent.Welcome, "a-5");
        Assert.Equal([FeedStep.InOrder, FeedStep.InOrder], [Take(FeedEvent.BeerPoured, "a-6"), Take(FeedEvent.BeerDeleted, "a-7")]);
        Assert.Equal((2, 0, 0), (_tally.Heard, _tally.Gaps, _tally.Duplicates));
    }

    [Fact]
    public void EveryPositionLeftOutIsCounted()
    {
        Take(FeedEvent.Welcome, "a-0");
        Assert.Equal(FeedStep.Gap, Take(FeedEvent.BeerPoured, "a-4"));
        Assert.Equal((1, 3, new Position("a", 4)), (_tally.Heard, _tally.Gaps, _tally.Last));
    }

    [Fact]
    public void APositionHeardBeforeIsADuplicateAndChangesNothing()
    {
        Take(FeedEvent.Welcome, "a-0");
        Take(FeedEvent.BeerPoured, "a-1");
        Assert.Equal(FeedStep.Duplicate, Take(FeedEvent.BeerPoured, "a-1"));
        Assert.Equal((1, 1, new Position("a", 1)), (_tally.Heard, _tally.Duplicates, _tally.Last));
    }

    [Fact]
    public void AWelcomeThatSkipsWhatWasMissedShowsAsAGap()
    {
        Take(FeedEvent.Welcome, "a-5");
        Take(FeedEvent.Welcome, "a-9");
        Assert.Equal(FeedStep.Gap, Take(FeedEvent.BeerPoured, "a-10"));
        Assert.Equal(4, _tally.Gaps);
    }

    [Fact]
    public void AReloadStartsAnewWithoutAGap()
    {
        Take(FeedEvent.Welcome, "a-5");
        Take(FeedEvent.Reload, "b-2");
        Assert.Equal(FeedStep.InOrder, Take(FeedEvent.BeerPoured, "b-3"));
        Assert.Equal((1, 0), (_tally.Reloads, _tally.Gaps));
    }

    [Fact]
    public void AnotherEpochWithoutAReloadIsAGap()
    {
        Take(FeedEvent.Welcome, "a-5");
        Assert.Equal(FeedStep.Gap, Take(FeedEvent.BeerPoured, "b-6"));
    }

    [Fact]
    public void AReportIsCountedAndMovesNothing()
    {
        Take(FeedEvent.Welcome, "a-5");
        Take(FeedEvent.ShareReport, "a-5");
        Assert.Equal((0, 1, new Position("a", 5)), (_tally.Heard, _tally.Reports, _tally.Last));
    }

    [Fact]
    public void AnEventWithoutAPositionIsNotAnEvent() =>
        Assert.Throws<InvalidDataException>(() => Take(FeedEvent.BeerPoured, "nowhere"));

    private FeedStep Take(string name, string position) => _tally.Take(new FeedEvent(name, position));
}
