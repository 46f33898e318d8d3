using System.Text;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Replication;

public sealed class LogBookmarkTests
{
    [Fact]
    public void AnEntryIsAppliedOnceHoweverOftenItComesAndNotAfterALaterOne()
    {
        var bookmark = LogBookmark.Start(0);
        var applied = new (string Sender, long Number)[] { ("a", 1), ("a", 1), ("b", 1), ("a", 3), ("a", 2), ("a", 3), ("b", 2), ("a", 4) }
            .Select((entry, offset) => bookmark.Pass(Entry(entry.Sender, entry.Number), offset)).ToList();
        Assert.Equal([true, false, true, true, false, false, true, true], applied);
        Assert.Equal((7, "a"), (bookmark.Offset, bookmark.Sender));
    }

    [Fact]
    public void NumbersBelowOneChangeNothingForThoseAbove()
    {
        var bookmark = LogBookmark.Start(0);
        Assert.True(bookmark.Pass(Entry("a", -1), 0));
        Assert.True(bookmark.Pass(Entry("a", 1), 1));
        Assert.False(bookmark.Pass(Entry("a", -2), 2));
        Assert.False(bookmark.Pass(Entry("a", 1), 3));
        Assert.True(bookmark.Pass(Entry("a", 2), 4));
    }

    [Fact]
    public void ItIsTheSameAfterItWasKept()
    {
        var bookmark = LogBookmark.Start(5);
        Assert.Equal((-1L, 5L, null), (bookmark.Offset, bookmark.Head, bookmark.Sender));
        for (var i = 0; i < 5; i++) bookmark.Pass(Entry($"sender {i % 2}", i + 1), i * 3);
        var again = LogBookmark.Read(bookmark.ToBytes(9));
        Assert.Equal((12L, 9L, "sender 0"), (again.Offset, again.Head, again.Sender));
        Assert.Equal(bookmark.ToBytes(9), again.ToBytes(9));
        Assert.False(again.Pass(Entry("sender 1", 4), 13));
        Assert.True(again.Pass(Entry("sender 0", 6), 14));
    }

    [Fact]
    public void ACopyGoesItsOwnWay()
    {
        var bookmark = LogBookmark.Start(0);
        bookmark.Pass(Entry("a", 1), 0);
        var copy = bookmark.Copy();
        Assert.True(copy.Pass(Entry("a", 2), 1));
        Assert.Equal(0, bookmark.Offset);
        Assert.True(bookmark.Pass(Entry("a", 2), 1));
    }

    [Fact]
    public void OfManySendersThoseThatWroteLastAreRemembered()
    {
        var bookmark = LogBookmark.Start(0);
        for (var i = 0; i < 32; i++) bookmark.Pass(Entry($"sender {i}", 10), i);
        bookmark.Pass(Entry("sender 0", 11), 32);
        bookmark.Pass(Entry("one more", 1), 33);
        Assert.False(bookmark.Pass(Entry("sender 0", 11), 34));
        Assert.False(bookmark.Pass(Entry("sender 2", 10), 35));
        Assert.True(bookmark.Pass(Entry("sender 1", 10), 36));
        for (var i = 0; i < 1_000; i++) bookmark.Pass(Entry($"another {i}", 1), 100 + i);
        Assert.InRange(bookmark.ToBytes(0).Length, 100, 2_500);
    }

    [Theory]
    [InlineData("{\"v\":2,\"offset\":1,\"head\":1,\"senders\":{}}")]
    [InlineData("{\"v\":1,\"offset\":1,\"head\":1}")]
    [InlineData("{\"v\":1,\"offset\":1,\"head\":1,\"senders\":{\"a\":null}}")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("\0\0\0")]
    public void OneThatIsNotUnderstoodIsRefused(string kept) =>
        Assert.Contains("not understood", Assert.Throws<LogException>(() => LogBookmark.Read(Encoding.UTF8.GetBytes(kept))).Message, StringComparison.Ordinal);

    private static LogEntry Entry(string sender, long number) => new("testtest", sender, number, []);
}
