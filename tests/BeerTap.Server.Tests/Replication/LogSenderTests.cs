using BeerTap.Server.Replication;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Replication;

public sealed class LogSenderTests
{
    [Fact]
    public async Task AConnectionThatBreaksAsThePatienceEndsIsOverAndWhatWasOnItsWayStaysPending()
    {
        var pending = new PendingEntries(4, TimeProvider.System);
        var options = new ReplicationOptions { Timeout = TimeSpan.FromMilliseconds(50) };
        using var sender = new LogSender(new LogIdentity("e1", -1, null, 0), pending, options, TimeProvider.System, NullLogger.Instance);
        var session = new BreakingSession();
        await sender.ConnectAsync(session, CancellationToken.None);
        Assert.True(sender.IsConnected);

        session.Breaks = true;
        await sender.ProveAsync(CancellationToken.None);
        Assert.False(sender.IsConnected);
        Assert.Equal(2, pending.All().Count);

        // The next one gets both, and the word behind them.
        var next = new BreakingSession();
        await sender.ConnectAsync(next, CancellationToken.None);
        Assert.Equal(3, next.Taken);
    }

    /// <summary>Takes entries until it breaks: then an entry waits until the sender's patience ends, and fails as a closed connection does.</summary>
    private sealed class BreakingSession : ILogSession
    {
        public bool Breaks { get; set; }

        public int Taken { get; private set; }

        public string Name => "breaking";

        public long? Entries => 0;

        public bool IsNew => false;

        public Task<string> Closed { get; } = new TaskCompletionSource<string>().Task;

        public async Task AppendAsync(ReadOnlyMemory<byte> entry, CancellationToken cancel)
        {
            if (Breaks)
            {
                await Task.Delay(Timeout.Infinite, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
                throw new InvalidOperationException("Already closed.");
            }

            Taken++;
        }

        public Task<IReadOnlyList<LogDelivery>> ReadEndAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyList<LogDelivery>>([]);

        public void Took(LogDelivery delivery)
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
