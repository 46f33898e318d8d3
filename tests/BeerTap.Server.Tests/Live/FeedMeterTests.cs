using BeerTap.Server.Live;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Security;

namespace BeerTap.Server.Tests.Live;

public sealed class FeedMeterTests
{
    [Fact]
    public async Task TheMetersSayWhatHappened()
    {
        await using var hub = await HubUnderTest.StartAsync();
        using var gauges = new Gauges(hub);
        var key = (await hub.KeyAsync(Role.Operator)).Text;
        using (await hub.SendAsync("POST", "/api/beers", key, """{"tapId":1,"volume":500}"""))
        using (await hub.SendAsync("POST", "/api/beers", key, """{"tapId":1,"volume":900}"""))
        {
        }

        Assert.Equal(2, gauges["beertap.pours"]);
        await using var resuming = await Listener.ConnectAsync("sse", hub, "earliest");
        await resuming.HearContiguousAsync(1, 2);
        await using var resumed = await Listener.ConnectAsync("websocket", hub, resuming.Position);
        await using var elsewhere = await Listener.ConnectAsync("signalr", hub, "zzzzzzzz-1");
        await elsewhere.NextAsync("reload");
        var viewer = await hub.KeyAsync(Role.Viewer);
        await using var unwelcome = await Listener.ConnectAsync("websocket", hub, key: viewer.Text);

        Assert.Equal(
            (4, 2, 1, 1, 0),
            (gauges["beertap.feed.cursors"], gauges["beertap.feed.deliveries"], gauges["beertap.feed.resumes"], gauges["beertap.feed.reloads"], gauges["beertap.feed.closes"]));
        using (await hub.SendAsync("DELETE", $"/api/keys/{viewer.Id}", key))
        {
        }

        await unwelcome.UntilClosedAsync();
        await hub.UntilConnectionsAsync(3);
        Assert.Equal(1, gauges["beertap.feed.closes"]);
    }
}
