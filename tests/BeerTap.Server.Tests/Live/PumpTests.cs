using System.Diagnostics.Metrics;
using System.Text;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Live;

/// <summary>One pump and its log, with listeners that write to memory.</summary>
public sealed class PumpTests
{
    [Fact]
    public async Task NewsThatComesInTheMiddleOfARoundIsHeardByThoseItHasVisited()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var options = new LiveOptions();
        var events = new EventLog("k3x9q2ab", () => 0, options);
        var pump = new Pump(
            events, null!, new FeedMeter(services.GetRequiredService<IMeterFactory>()), options, TimeProvider.System, NullLogger.Instance);
        events.Advanced += pump.News;
        var visited = new Ear(() => { });
        var pouring = new Ear(() => events.Append(new CommittedBatch([new BeerPoured(new Beer(1, "pint", 500, DateTime.UnixEpoch, 1))])));
        pump.Join(visited);
        pump.Join(pouring);

        using var stop = new CancellationTokenSource();
        var running = pump.RunAsync(stop.Token);
        await visited.Poured.WaitAsync(Listener.Patience);
        await pouring.Poured.WaitAsync(Listener.Patience);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Hears the words of the protocol; does something when it is welcomed.</summary>
    private sealed class Ear(Action welcomed) : Subscriber(FrameFormat.Json, default, "memory", SocketProgress.Of(new DefaultHttpContext()))
    {
        private readonly TaskCompletionSource _poured = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Poured => _poured.Task;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> frames)
        {
            var words = Encoding.UTF8.GetString(frames.Span);
            if (words.Contains("welcome", StringComparison.Ordinal)) welcomed();
            if (words.Contains("beerPoured", StringComparison.Ordinal)) _poured.TrySetResult();
            return default;
        }

        public override Task CloseAsync(CloseReason reason) => Task.CompletedTask;

        public override void Abort()
        {
        }
    }
}
