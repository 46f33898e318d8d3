using System.Net;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Beers;

public sealed class BeersApiTests
{
    [Fact]
    public async Task APouredBeerIsAnsweredWithItsAddressAndCanBeRead()
    {
        await using var hub = await HubUnderTest.StartAsync();

        using var answer = await hub.Http.PostAsync("/api/beers", """{"tapId":1,"volume":330.5}""".AsJson());
        var beer = (await answer.JsonAsync())["beer"]!;

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal($"/api/beers/{beer["id"]}", answer.Headers.Location!.ToString());
        Assert.Equal("pint", (string?)beer["type"]);
        Assert.Equal(330.5, (double)beer["volume"]!);
        Assert.EndsWith("Z", (string?)beer["timestamp"], StringComparison.Ordinal);
        Assert.Equal(beer.ToJsonString(), (await hub.GetAsync("/api/beers/1"))["beer"]!.ToJsonString());
    }
}
