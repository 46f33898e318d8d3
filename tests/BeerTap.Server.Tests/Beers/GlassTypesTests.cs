using BeerTap.Server.Beers;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Beers;

public sealed class GlassTypesTests
{
    [Theory]
    [InlineData(99.9999, null)]
    [InlineData(100, "half")]
    [InlineData(300, "half")]
    [InlineData(300.0001, "pint")]
    [InlineData(800, "pint")]
    [InlineData(800.0001, "stein")]
    [InlineData(1000, "stein")]
    [InlineData(1000.0001, null)]
    [InlineData(double.NaN, null)]
    public void AtASharedEdgeTheSmallerGlassWins(double volume, string? type) => Assert.Equal(type, new GlassTypes([]).Classify(volume));

    [Theory]
    [InlineData("a:0-100,b:100-200", 0)]
    [InlineData("a:0-100,b:101-200", 1)]
    [InlineData("a:0-100,b:99-200", 1)]
    [InlineData("a:100-200,b:0-100", 1)]
    [InlineData("a:0-100,a:100-200", 1)]
    [InlineData(":0-100", 1)]
    [InlineData("a:100-100", 1)]
    [InlineData(":5-1,b:7-6", 4)]
    public void EveryFaultOfATableIsFound(string table, int faults)
    {
        var glasses = table.Split(',').Select(row => row.Split(':', '-')).Select(row => new GlassOptions
        {
            Name = row[0],
            From = double.Parse(row[1], System.Globalization.CultureInfo.InvariantCulture),
            To = double.Parse(row[2], System.Globalization.CultureInfo.InvariantCulture),
        }).ToList();
        Assert.Equal(faults, GlassTypes.FaultsOf(glasses).Count());
    }

    [Fact]
    public async Task AConfiguredTableTakesThePlaceOfTheDefault()
    {
        await using var hub = await HubUnderTest.StartAsync(
            "--Glasses:0:Name=shot", "--Glasses:0:From=10", "--Glasses:0:To=50", "--Glasses:1:Name=maß", "--Glasses:1:From=50", "--Glasses:1:To=1200");
        Assert.Equal("shot", (string?)(await hub.PourAsync(volume: 50))["type"]);
        Assert.Equal("maß", (string?)(await hub.PourAsync(volume: 1200))["type"]);
        Assert.Equal(1, (long)(await hub.GetAsync("/api/beers?type=ma%C3%9F"))["total"]!);
    }
}
