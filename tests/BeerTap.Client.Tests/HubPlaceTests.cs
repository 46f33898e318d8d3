using BeerTap.Client.Tests.Fakes;

namespace BeerTap.Client.Tests;

/// <summary>Where a process goes when a hub sends it away, and where its key does not.</summary>
public sealed class HubPlaceTests
{
    private static readonly Uri Home = new("https://bar.example/"), Other = new("https://bar2.example:8443/tap/");

    private readonly ManualClock _clock = new();

    [Theory]
    [InlineData("https://bar.example", "https://bar.example:444", true)]
    [InlineData("https://bar.example", "https://BAR.example/below", true)]
    [InlineData("https://bar.example", "https://bar2.example", true)]
    [InlineData("https://bar.example", "https://bar3.example", false)]
    [InlineData("https://bar.example", "https://bar.example.evil.example", false)]
    [InlineData("https://bar.example", "https://bar.example@evil.example", false)]
    [InlineData("https://bar.example", "http://bar.example", false)]
    [InlineData("https://bar.example", "http://bar2.example", false)]
    [InlineData("http://bar.example", "https://bar.example", true)]
    [InlineData("http://10.0.0.7:8338", "http://10.0.0.7:8339", true)]
    [InlineData("http://10.0.0.7:8338", "http://10.0.0.8:8338", false)]
    public void AKeyGoesToTheNamedHostAndToTrustedOnesAndNeverFromTlsToNone(string home, string to, bool follows)
    {
        var place = new HubPlace(new Uri(home), "secret", ["bar2.example"], _clock);
        Assert.Equal(follows, place.Follow(to));
        Assert.Equal(follows ? ServerAddress.Parse(to) : new Uri(home), place.Now);
    }

    [Theory]
    [InlineData("http://bar3.example", true)]
    [InlineData("bar3.example", false)]
    [InlineData("ftp://bar3.example", false)]
    [InlineData("https://bar3.example/?x=1", false)]
    [InlineData("", false)]
    public void WithoutAKeyEveryHubIsFollowed(string to, bool follows) => Assert.Equal(follows, new HubPlace(Home, null, [], _clock).Follow(to));

    [Fact]
    public void APlaceWhereNobodyIsReachedIsLeftForTheOneBeforeInTurn()
    {
        var place = new HubPlace(Home, null, [], _clock);
        place.Missed(Home);
        _clock.Advance(HubPlace.Patience);
        place.Missed(Home);
        Assert.Equal(Home, place.Now);

        Assert.True(place.Follow(Other.ToString()));
        place.Missed(Other);
        _clock.Advance(HubPlace.Patience / 2);
        place.Reached(Other);
        place.Missed(Other);
        _clock.Advance(HubPlace.Patience / 2);
        place.Missed(Other);
        place.Missed(Home);
        Assert.Equal(Other, place.Now);

        _clock.Advance(HubPlace.Patience / 2);
        place.Missed(Other);
        Assert.Equal(Home, place.Now);
        place.Missed(Home);
        _clock.Advance(HubPlace.Patience);
        place.Missed(Home);
        Assert.Equal(Other, place.Now);
    }
}
