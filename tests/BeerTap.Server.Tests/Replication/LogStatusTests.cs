using BeerTap.Server.Replication;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Replication;

public sealed class LogStatusTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly SimulatedTime _time = new();
    private readonly LogStatus _status;

    public LogStatusTests() => _status = new LogStatus(_time);

    [Fact]
    public void ItIsUnreadyUntilItHasCaughtUpOnceAndSaysHowFarItIs()
    {
        _status.Cut("refused");
        _time.Advance(TimeSpan.FromSeconds(12));
        Looks("failed", "cannot be reached for 12 s: refused");
        (_status.Connected, _status.Offset, _status.Entries) = (true, 41, 100);
        Looks("failed", "at entry 41 of about 100");
        (_status.CaughtUp, _status.AwaitsKeys) = (true, true);
        Looks("failed", "asks the other hubs for their keys");
        _status.AwaitsKeys = false;
        Looks("ok", "up to entry 41");
    }

    [Fact]
    public void ACutCountsFromItsBeginning()
    {
        _status.Connected = true;
        _time.Advance(TimeSpan.FromSeconds(30));
        _status.Cut("first");
        _time.Advance(TimeSpan.FromSeconds(2));
        _status.Cut("second");
        Looks("failed", "for 2 s: second");
    }

    [Fact]
    public void ALogThatTakesNothingLeavesAHubReadyThatHasCaughtUp()
    {
        var unproven = TimeSpan.Zero;
        _status.Watch(() => unproven);
        (_status.CaughtUp, _status.Connected) = (true, true);
        _status.Cut("most are away");
        Looks("ok", "applied");
        unproven = TimeSpan.FromSeconds(7);
        Looks("degraded", "nothing for 7 s", "503", "most are away");
    }

    [Fact]
    public void AStoreThatTakesNothingIsToldWhileItDoesNot()
    {
        (_status.CaughtUp, _status.StoreFault, _status.StoreTrouble) = (true, StoreFault.DiskFull, "no room");
        Looks("failed", "cannot be stored: no room");
        _status.StoreTrouble = null;
        Looks("ok", "applied");
    }

    [Fact]
    public void TheFirstRefusalStays()
    {
        var first = new LogException("first");
        Assert.True(_status.Refuse(first));
        Assert.False(_status.Refuse(new LogException("second")));
        Assert.Same(first, _status.Fatal);
        (_status.CaughtUp, _status.StoreTrouble) = (true, "no room");
        Looks("failed", "first");
    }

    private void Looks(string status, params string[] words)
    {
        var check = _status.Look(Longest);
        Assert.Equal(status, check.Status);
        Assert.All(words, word => Assert.Contains(word, check.Reason, StringComparison.Ordinal));
    }
}
