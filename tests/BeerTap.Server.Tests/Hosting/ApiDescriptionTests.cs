using System.Text.Json;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>The description of the API is right; <see cref="AnswerCheck"/> holds the answers of all other tests against it.</summary>
public sealed class ApiDescriptionTests
{
    [Fact]
    public async Task EveryExampleIsAsItsSchemaSays()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var description = await ApiDescription.OfAsync(hub.Services);
        var examples = (from path in description.Document["paths"]!.AsObject()
                        from operation in path.Value!.AsObject()
                        from part in operation.Value!["responses"]!.AsObject().Select(answer => (answer.Key, Content: answer.Value!["content"]))
                            .Append((Key: "request", Content: operation.Value["requestBody"]?["content"]))
                        from content in part.Content?.AsObject() ?? []
                        where content.Value!["example"] is not null
                        select (Name: $"{operation.Key} {path.Key} {part.Key}", Content: content.Value)).ToList();
        Assert.True(examples.Count > 50, $"{examples.Count} examples");
        Assert.All(examples, example =>
        {
            var fault = description.FaultOf(example.Content!["schema"]!, JsonSerializer.SerializeToElement(example.Content["example"]));
            Assert.True(fault is null, $"{example.Name}: {fault}");
        });
    }

    [Fact]
    public async Task WhatMayBeLeftOutIsNotRequired()
    {
        await using var hub = await HubUnderTest.StartAsync();
        var schemas = (await hub.GetAsync("/openapi/v1.json"))["components"]!["schemas"]!;
        (string, string)[] optional =
        [
            ("Tap", "lastPour"), ("TotalsAnswer", "from"), ("Caller", "keyId"), ("Caller", "role"), ("Caller", "tapId"),
            ("Key", "created"), ("Key", "revoked"), ("Key", "lastUsed"), ("Key", "tapId"), ("Key", "name"),
        ];
        foreach (var (schema, field) in optional)
        {
            Assert.NotNull(schemas[schema]!["properties"]![field]);
            Assert.DoesNotContain(field, schemas[schema]!["required"]!.AsArray().Select(name => (string?)name));
        }
    }

    [Theory]
    [InlineData(200, "application/json", """{"taps":[],"pageSize":1000}""", "position")]
    [InlineData(200, "application/json", """{"position":"a-1","taps":[{"id":"1"}],"pageSize":1000}""", "/taps/0")]
    [InlineData(200, "text/html", null, "media type")]
    [InlineData(418, "application/problem+json", """{}""", "418")]
    public async Task AnAnswerThatIsNotAsDescribedIsNoticed(int status, string media, string? body, string fault)
    {
        await using var hub = await HubUnderTest.StartAsync();
        var description = await ApiDescription.OfAsync(hub.Services);
        var operation = description.Find("GET", "/api/taps");
        Assert.NotNull(operation);
        Assert.Contains(fault, description.FaultOf(operation, status, media, body), StringComparison.Ordinal);
        Assert.Null(description.FaultOf(operation, 200, "application/json", """{"position":"a-1","taps":[],"pageSize":1000}"""));
    }
}
