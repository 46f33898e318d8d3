using BeerTap.Server.Replication;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Replication;

[Collection(ReplicationTests.Name)]
public sealed class LogEpochTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SimulatedTime _time = new();
    private readonly SimulatedLog _log;
    private readonly SimulatedLink _link;
    private readonly LogStatus _status;
    private readonly SimulatedClock _clock;

    public LogEpochTests()
    {
        (_log, _status) = (new SimulatedLog(new Random(1), _time), new LogStatus(_time));
        (_link, _clock) = (new SimulatedLink(_log), new SimulatedClock(_time));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _clock.StopAsync();

    [Fact]
    public async Task OfSeveralNewHubsTheFirstInTheLogIsRight()
    {
        var found = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => FindAsync())).WaitAsync(Patience);
        Assert.Single(found.Distinct());
        Assert.Equal(LogEntryJson.Read(_log.Entries[0].Entry, 0).Epoch, found[0]);
        Assert.Equal(found[0], await FindAsync().WaitAsync(Patience));
    }

    [Fact]
    public async Task ItWaitsForTheLogSaysWhyAndTakesAnotherConnection()
    {
        _log.Majority = false;
        var finding = FindAsync();
        await Eventually.HoldsAsync(() => _status.Trouble.Contains("most of the brokers may be away", StringComparison.Ordinal), "it does not say why");
        await Eventually.HoldsAsync(() => _log.Opened > 1, "it stays with a connection that gives nothing back");
        _link.Cut = true;
        await Eventually.HoldsAsync(() => _status.Trouble == "cut off", "it does not say why");
        (_link.Cut, _log.Majority) = (false, true);
        Assert.Equal(8, (await finding.WaitAsync(Patience)).Length);
    }

    [Fact]
    public async Task ALogThatANewStoreCannotBeMadeFromIsRefused()
    {
        Put(new LogEntry("testtest", "somebody", 1, [], new LogBeginning(9)));
        Assert.Contains("position 9", (await Assert.ThrowsAsync<LogException>(FindAsync)).Message, StringComparison.Ordinal);
        _log.DropBefore(1);
        Put(new LogEntry("testtest", "somebody", 2, []));
        Assert.Contains("dropped by its retention", (await Assert.ThrowsAsync<LogException>(FindAsync)).Message, StringComparison.Ordinal);
        _log.DropBefore(9);
        _log.Put("junk"u8.ToArray());
        Assert.Contains("none of BeerTap's", (await Assert.ThrowsAsync<LogException>(FindAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoStopsWaitingIsNotKept()
    {
        _link.Cut = true;
        using var stop = new CancellationTokenSource();
        var finding = FindAsync(stop.Token);
        await Eventually.HoldsAsync(() => _status.Trouble == "cut off", "it does not try");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => finding.WaitAsync(Patience));
    }

    private Task<string> FindAsync() => FindAsync(CancellationToken.None);

    private Task<string> FindAsync(CancellationToken cancel) => new LogEpoch(_link, _status, _time, NullLogger.Instance).FindAsync(cancel);

    private void Put(LogEntry entry) => _log.Put(LogEntryJson.Write(entry));
}
