using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Taps;

public sealed class TapRegistryTests
{
    [Fact]
    public async Task OfTapsThatOnlyConnectedTheLastOnesAreRememberedAndThoseThatPouredForEver()
    {
        await using var hub = await HubUnderTest.StartAsync();
        await hub.PourAsync(tapId: 1);
        var taps = hub.Services.GetRequiredService<TapRegistry>();
        foreach (var id in (int[])[1, 2, 3])
        {
            taps.Connected(id);
            if (id != 3) taps.Disconnected(id);
        }

        for (var id = 10; id < 10 + TapRegistry.MostAway; id++)
        {
            taps.Connected(id);
            taps.Disconnected(id);
        }

        // The tap that poured, the one that is still connected, and the last that went away; tap 2 has been away for longest.
        Assert.Equal([1, 3, .. Enumerable.Range(10, TapRegistry.MostAway)], taps.SeenAfter(0, int.MaxValue));
        Assert.True(taps.IsConnected(3));
        Assert.Null(taps.LastSeen(2));
    }

    [Fact]
    public async Task ATapThatCameBackIsNotForgottenForHavingBeenAway()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var taps = hub.Services.GetRequiredService<TapRegistry>();
        taps.Connected(1);
        taps.Disconnected(1);
        taps.Connected(1);
        for (var id = 10; id < 20 + TapRegistry.MostAway; id++)
        {
            taps.Connected(id);
            taps.Disconnected(id);
        }

        Assert.True(taps.IsConnected(1));
        Assert.Equal(TapRegistry.MostAway + 1, taps.Seen);
    }
}
