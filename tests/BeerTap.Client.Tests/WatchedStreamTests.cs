using System.IO.Pipelines;
using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

public sealed class WatchedStreamTests
{
    [Fact]
    public async Task FortyFiveSecondsOfSilenceEndAStream()
    {
        var clock = new ManualClock();
        var pipe = new Pipe();
        await using var stream = new WatchedStream(pipe.Reader.AsStream(), SseFeed.LongestSilence, clock);
        var buffer = new byte[100];
        var first = stream.ReadAsync(buffer.AsMemory()).AsTask();
        clock.Advance(TimeSpan.FromSeconds(44));
        await pipe.Writer.WriteAsync(": still here\n"u8.ToArray());
        Assert.Equal(13, await first);

        var second = stream.ReadAsync(buffer.AsMemory()).AsTask();
        clock.Advance(TimeSpan.FromSeconds(44));
        Assert.False(second.IsCompleted);
        clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => second);
    }
}
