using System.Net;
using System.Text.Json.Nodes;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Security;

/// <summary>Keys over REST.</summary>
public sealed class KeysApiTests
{
    [Fact]
    public async Task AnOperatorMakesListsAndRevokesKeys()
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;

        using var made = await hub.SendAsync("POST", "/api/keys", master, """{"role":"tap","tapId":3,"name":"left bar"}""");
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.True(made.Headers.CacheControl!.NoStore);
        var answer = await made.JsonAsync();
        var (text, id) = ((string)answer["text"]!, (string)answer["key"]!["id"]!);
        Assert.Matches("^bt_[A-Za-z0-9_-]{43}$", text);
        Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", text, """{"tapId":3,"volume":500}"""));

        var listed = await KeyAsync(hub, master, id);
        Assert.Equal(("tap", 3, "left bar"), ((string)listed["role"]!, (int)listed["tapId"]!, (string)listed["name"]!));
        Assert.NotNull(listed["lastUsed"]);
        Assert.Null(listed["revoked"]);
        Assert.DoesNotContain(text, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(KeyText.HashOf(text), listed.ToJsonString(), StringComparison.Ordinal);

        Assert.Equal(204, await hub.StatusAsync("DELETE", $"/api/keys/{id}", master));
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", text, """{"tapId":3,"volume":500}"""));
        Assert.NotNull((await KeyAsync(hub, master, id))["revoked"]);
        using var again = await hub.SendAsync("DELETE", $"/api/keys/{id}", master);
        Assert.Equal("no-such-key", await again.ProblemAsync());
    }

    [Theory]
    [InlineData("""{}""", "role")]
    [InlineData("""{"role":null}""", "role")]
    [InlineData("""{"role":7}""", "role")]
    [InlineData("""{"role":"Tap","tapId":1}""", "role")]
    [InlineData("""{"role":"boss"}""", "role")]
    [InlineData("""{"role":"tap"}""", "tapId")]
    [InlineData("""{"role":"tap","tapId":null}""", "tapId")]
    [InlineData("""{"role":"tap","tapId":0}""", "tapId")]
    [InlineData("""{"role":"tap","tapId":"1"}""", "tapId")]
    [InlineData("""{"role":"tap","tapId":1.5}""", "tapId")]
    [InlineData("""{"role":"tap","tapId":99999999999}""", "tapId")]
    [InlineData("""{"role":"viewer","tapId":1}""", "tapId")]
    [InlineData("""{"role":"viewer","name":""}""", "name")]
    [InlineData("""{"role":"viewer","name":5}""", "name")]
    [InlineData("""{"role":"viewer","name":"a\u0000b"}""", "name")]
    [InlineData("""{"role":"viewer","name":"\ud800"}""", null)]
    [InlineData("""{"role":"viewer","role":"operator"}""", null)]
    [InlineData("""{"role":"tap","tapID":1}""", null)]
    [InlineData("""[]""", null)]
    [InlineData("""{"role":"viewer"} x""", null)]
    [InlineData("", null)]
    public async Task ABadWishIsRefusedByFieldAndMakesNoKey(string body, string? field)
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        using var answer = await hub.SendAsync("POST", "/api/keys", master, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await answer.JsonAsync();
        if (field is null) Assert.Equal("urn:beertap:problem:malformed-json", (string?)problem["type"]);
        else Assert.Equal([field], problem["errors"]!.AsObject().Select(fault => fault.Key));
        Assert.Single(hub.Keys().All);
    }

    [Fact]
    public async Task TheDescriptionSaysHowKeysAreSentAndItsExampleHasTheShapeOfTheAnswer()
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        var description = await hub.GetAsync("/openapi/v1.json");
        Assert.Equal(["bearer", "header"], description["components"]!["securitySchemes"]!.AsObject().Select(scheme => scheme.Key).Order(StringComparer.Ordinal));
        Assert.Equal(3, description["paths"]!["/api/beers"]!["post"]!["security"]!.AsArray().Count);
        Assert.Null(description["paths"]!["/health/live"]!["get"]!["security"]);

        var call = description["paths"]!["/api/keys"]!["post"]!;
        var example = call["responses"]!["201"]!["content"]!["application/json"]!["example"]!.AsObject();
        using var made = await hub.SendAsync("POST", "/api/keys", master, call["requestBody"]!["content"]!["application/json"]!["example"]!.ToJsonString());
        var answer = await made.JsonAsync();
        Assert.Equal(Names(example), Names(answer));
        Assert.Equal(Names(example["key"]!), Names(answer["key"]!));

        static IEnumerable<string> Names(JsonNode node) => node.AsObject().Select(field => field.Key);
    }

    private static async Task<JsonObject> KeyAsync(HubUnderTest hub, string master, string id)
    {
        using var answer = await hub.SendAsync("GET", "/api/keys", master);
        return (await answer.JsonAsync())["keys"]!.AsArray().Single(key => (string?)key!["id"] == id)!.AsObject();
    }
}
