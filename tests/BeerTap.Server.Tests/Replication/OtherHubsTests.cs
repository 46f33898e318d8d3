using BeerTap.Server.Replication;
using BeerTap.Server.Taps;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace BeerTap.Server.Tests.Replication;

/// <summary>What other hubs say of their taps is what the list of taps shows, and ends with them.</summary>
public sealed class OtherHubsTests
{
    private readonly SteppedClock _clock = new();

    [Fact]
    public async Task TapsOfOtherHubsComeAndGoWithTheirWords()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var taps = hub.Services.GetRequiredService<TapRegistry>();
        var others = new OtherHubs(taps, _clock);
        Assert.True(others.Hear(Word("a", 1) with { Begins = true, Ends = true, Came = [1, 2] }));
        Assert.True(others.Hear(Word("b", 1) with { Begins = true, Ends = true, Came = [2] }));
        Assert.Equal((true, true), await ConnectedAsync(hub));

        Assert.True(others.Hear(Word("a", 2) with { Went = [1, 2] }));
        Assert.Equal((false, true), await ConnectedAsync(hub));

        taps.Connected(1);
        others.Hear(Word("b", 2) with { Leaves = true });
        Assert.Equal((true, false), await ConnectedAsync(hub));
        Assert.Equal(1, others.Count);
        Assert.Equal([1], taps.Here);
    }

    [Fact]
    public async Task AHubThatFallsSilentTakesItsTapsOff()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var taps = hub.Services.GetRequiredService<TapRegistry>();
        var others = new OtherHubs(taps, _clock);
        others.Hear(Word("a", 1) with { Begins = true, Ends = true, Came = [1] });
        others.Hear(Word("b", 1) with { Begins = true, Ends = true, Came = [2] });
        _clock.Advance(OtherHubs.Silence);
        others.Hear(Word("b", 2));
        others.Lapse();
        Assert.True(taps.IsConnected(1));

        _clock.Advance(TimeSpan.FromMilliseconds(1));
        others.Lapse();
        Assert.Equal((false, true), (taps.IsConnected(1), taps.IsConnected(2)));
        Assert.Equal(1, others.Count);
    }

    [Fact]
    public async Task WhoLostAWordKnowsItAndAListMendsIt()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var taps = hub.Services.GetRequiredService<TapRegistry>();
        var others = new OtherHubs(taps, _clock);
        Assert.False(others.Hear(Word("a", 5) with { Came = [1] }));
        Assert.True(taps.IsConnected(1));
        Assert.True(others.Hear(Word("a", 6) with { Begins = true, Ends = true, Came = [1, 2] }));
        Assert.True(others.Hear(Word("a", 6) with { Went = [1] }));
        Assert.True(taps.IsConnected(1));
        Assert.False(others.Hear(Word("a", 8)));

        // A list in parts, of which one is lost, changes nothing; the next one does.
        Assert.False(others.Hear(Word("a", 9) with { Begins = true, Came = [3] }));
        Assert.False(others.Hear(Word("a", 11) with { Ends = true, Came = [5] }));
        Assert.True(taps.IsConnected(2));
        others.Hear(Word("a", 12) with { Begins = true, Came = [3] });
        Assert.True(others.Hear(Word("a", 13) with { Ends = true, Came = [4] }));
        Assert.Equal([false, false, true, true], Enumerable.Range(1, 4).Select(taps.IsConnected));
    }

    [Fact]
    public void AWordIsSmallAndWhatIsNoneIsPassedOver()
    {
        Assert.Null(PresenceWord.Read("nonsense"u8));
        Assert.Null(PresenceWord.Read("""{"v":2,"hub":"h","start":"s","n":1}"""u8));
        Assert.Null(PresenceWord.Read("""{"v":1}"""u8));
        var full = Word("a", long.MaxValue) with { Came = [.. Enumerable.Range(int.MaxValue - HubPresence.MostTaps, HubPresence.MostTaps)] };
        Assert.InRange(full.ToBytes().Length, 1, 32 * 1024);
        Assert.Equal(full.Came, PresenceWord.Read(full.ToBytes())!.Came);
    }

    private static PresenceWord Word(string start, long number) => new(PresenceWord.Version, "hub " + start, start, number, 17);

    /// <summary>Of taps 1 and 2, as the API tells.</summary>
    private static async Task<(bool First, bool Second)> ConnectedAsync(HubUnderTest hub)
    {
        var taps = (await hub.GetAsync("/api/taps"))["taps"]!.AsArray();
        return ((bool)taps[0]!["connected"]!, (bool)taps[1]!["connected"]!);
    }

    /// <summary>A clock that goes when told to.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private TimeSpan _gone;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _gone += by;

        public override long GetTimestamp() => _gone.Ticks;
    }
}
