using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BeerTap.Server.Hosting;

/// <summary>Gives each call of the API its parameters, and an example of what goes in and what comes out.</summary>
internal sealed class DocsExamples : IOpenApiOperationTransformer
{
    private const string Json = "application/json", ProblemJson = "application/problem+json";

    private const string Beer = """{"id":42,"type":"pint","volume":330.5,"timestamp":"2026-11-21T18:30:00.125Z","tapId":1}""";
    private const string NewBeer = """{"tapId":1,"volume":330.5,"pourId":"0199f3c2a7b17c3e9d5a4b6c8e0f1a2b"}""";
    private const string Tap = """{"id":1,"connected":true,"beers":4,"totalVolume":1822.5,"share":40,"lastSeen":"2026-11-21T18:30:00.125Z","lastPour":"2026-11-21T18:30:00.125Z"}""";
    private const string Report = """{"totalBeers":10,"taps":[{"tapId":1,"beers":4,"share":40,"totalVolume":1822.5},{"tapId":2,"beers":6,"share":60,"totalVolume":2410}]}""";
    private const string InvalidFields =
        """{"type":"urn:beertap:problem:invalid-fields","title":"Some fields are not valid.","status":400,"detail":"Mend the fields listed in errors and send again.","errors":{"volume":["must be from 100 to 1000 ml; no glass holds 5 ml."]}}""";

    private const string Key = """{"id":"k7m2qx9f","role":"tap","tapId":1,"name":"left bar","created":"2026-11-21T18:30:00.125Z"}""";

    private static readonly Dictionary<string, Call> Calls = new(StringComparer.Ordinal)
    {
        ["POST api/beers"] = new(
            Request: NewBeer,
            Answers: new() { ["200"] = $$"""{"beer":{{Beer}}}""", ["201"] = $$"""{"beer":{{Beer}}}""" },
            Parameters: [new("Idempotency-Key", ParameterLocation.Header, JsonSchemaType.String, "Means the same as pourId.")]),
        ["POST api/beers/batch"] = new(
            Request: $$"""{"beers":[{{NewBeer}},{"tapId":1,"volume":5}]}""",
            Answers: new() { ["200"] = $$"""{"results":[{"status":201,"beer":{{Beer}}},{"status":400,"problem":{{InvalidFields}}}]}""" }),
        ["GET api/beers"] = new(
            Answers: new() { ["200"] = $$"""{"beers":[{{Beer}}],"page":1,"pageSize":50,"total":1}""" },
            Parameters:
            [
                new("page", ParameterLocation.Query, JsonSchemaType.Integer, "Counts from 1.", Least: 1, Most: int.MaxValue),
                new("page_size", ParameterLocation.Query, JsonSchemaType.Integer, "50 when left out.", Least: 1, Most: 500),
                new("type", ParameterLocation.Query, JsonSchemaType.String, "A glass type."),
                new("tapId", ParameterLocation.Query, JsonSchemaType.Integer, "Only this tap's beers.", Least: 1, Most: int.MaxValue),
                new("from", ParameterLocation.Query, JsonSchemaType.String, "ISO 8601, this moment included."),
                new("to", ParameterLocation.Query, JsonSchemaType.String, "ISO 8601, this moment not included."),
                new("order", ParameterLocation.Query, JsonSchemaType.String, "asc (by id, oldest first) when left out.", OneOf: ["asc", "desc"]),
                new("after_id", ParameterLocation.Query, JsonSchemaType.Integer, "The last id of the page before; comes with the Link header.", Least: 0),
            ]),
        ["GET api/beers/{id}"] = new(Answers: new() { ["200"] = $$"""{"beer":{{Beer}}}""" }),
        ["DELETE api/beers/{id}"] = new(),
        ["GET api/taps"] = new(
            Answers: new() { ["200"] = $$"""{"position":"k3x9q2ab-10","taps":[{{Tap}}],"pageSize":1000}""" },
            Parameters:
            [
                new("page_size", ParameterLocation.Query, JsonSchemaType.Integer, "1000 when left out.", Least: 1, Most: 1000),
                new("after_id", ParameterLocation.Query, JsonSchemaType.Integer, "The last id of the page before: its next.", Least: 0, Most: int.MaxValue),
            ]),
        ["GET api/taps/{id}"] = new(Answers: new() { ["200"] = $$"""{"tap":{{Tap}}}""" }),
        ["GET api/reports/totals"] = new(
            Answers: new() { ["200"] = """{"position":"k3x9q2ab-10","from":"2026-11-21T00:00:00Z","beers":10,"totalVolume":4232.5,"types":[{"type":"half","beers":2,"totalVolume":500},{"type":"pint","beers":8,"totalVolume":3732.5},{"type":"stein","beers":0,"totalVolume":0}]}""" },
            Parameters: [new("from", ParameterLocation.Query, JsonSchemaType.String, "ISO 8601, this moment included; at most 8 days ago. Everything when left out.")]),
        ["GET api/reports/minutes"] = new(
            Answers: new() { ["200"] = """{"position":"k3x9q2ab-10","from":"2026-11-21T17:31:00Z","minutes":[0,2,5,3]}""" }),
        ["GET api/reports/share"] = new(Answers: new() { ["200"] = $$"""{"position":"k3x9q2ab-10","report":{{Report}}}""" }),
        ["GET api/events"] = new(
            Answers: new() { ["200"] = $$"""{"events":[{"event":"beerPoured","position":"k3x9q2ab-42","beer":{{Beer}}},{"event":"beerDeleted","position":"k3x9q2ab-43","id":42}],"position":"k3x9q2ab-43"}""" },
            Parameters:
            [
                new("after", ParameterLocation.Query, JsonSchemaType.String, "A position, or earliest."),
                new("limit", ParameterLocation.Query, JsonSchemaType.Integer, "100 when left out.", Least: 1, Most: 1000),
            ]),
        ["GET api/events/stream"] = new(
            Parameters:
            [
                new("after", ParameterLocation.Query, JsonSchemaType.String, "A position, or earliest; live when left out."),
                new("tapId", ParameterLocation.Query, JsonSchemaType.Integer, "The tap that listens.", Least: 1, Most: int.MaxValue),
                new("Last-Event-ID", ParameterLocation.Header, JsonSchemaType.String, "Sent by an EventSource that reconnects; wins over after."),
            ]),
        ["POST api/keys"] = new(
            Request: """{"role":"tap","tapId":1,"name":"left bar"}""",
            Answers: new() { ["201"] = $$"""{"text":"bt_EXAMPLE-of-43-letters-digits-dashes-or-underscores","key":{{Key}}}""" }),
        ["GET api/keys"] = new(
            Answers: new() { ["200"] = $$"""{"keys":[{{Key}}],"page":1,"pageSize":500,"total":1}""" },
            Parameters:
            [
                new("page", ParameterLocation.Query, JsonSchemaType.Integer, "Counts from 1.", Least: 1, Most: int.MaxValue),
                new("page_size", ParameterLocation.Query, JsonSchemaType.Integer, "500 when left out.", Least: 1, Most: 500),
            ]),
        ["DELETE api/keys/{id}"] = new(),
        ["GET api/me"] = new(Answers: new() { ["200"] = """{"keyId":"k7m2qx9f","role":"operator","may":["read","listen","pour","delete","manageKeys"]}""" }),
        ["POST api/drain"] = new(
            Request: """{"to":"https://bar2.example"}""",
            Answers: new() { ["202"] = """{"status":"draining","to":"https://bar2.example/","connections":12}""" }),
        ["GET health/live"] = new(Answers: new()
        {
            ["200"] = """{"status":"live","checks":{"feed":{"status":"ok","reason":"listeners are told what is committed"}}}""",
            ["503"] = """{"status":"stuck","checks":{"feed":{"status":"failed","reason":"a pump that goes round every second did not for 31 s"}}}""",
        }),
        ["GET health/ready"] = new(Answers: new()
        {
            ["200"] = """{"status":"ready","connections":12,"checks":{"store":{"status":"ok","reason":"commits reach the disk"},"feed":{"status":"ok","reason":"listeners are told what is committed"},"disk":{"status":"ok","reason":"51200 MiB are free, at least 16 MiB must be"},"clock":{"status":"ok","reason":"the hub's clock fits the store"}}}""",
            ["503"] = """{"status":"unready","connections":3,"checks":{"store":{"status":"failed","reason":"the last commit failed 2 s ago: the disk is full"},"feed":{"status":"ok","reason":"listeners are told what is committed"},"disk":{"status":"failed","reason":"3 MiB are free, at least 16 MiB must be"},"clock":{"status":"ok","reason":"the hub's clock fits the store"}}}""",
        }),
    };

    private static readonly Dictionary<string, string> Problems = new(StringComparer.Ordinal)
    {
        ["400"] = InvalidFields,
        ["401"] = """{"type":"urn:beertap:problem:no-key","title":"This needs a key.","status":401,"detail":"Send one in the header 'Authorization: Bearer' or 'X-Api-Key'; whoever runs the hub makes them."}""",
        ["403"] = """{"type":"urn:beertap:problem:not-allowed","title":"The key does not allow this.","status":403,"detail":"The key is not the key of this tap."}""",
        ["404"] = """{"type":"urn:beertap:problem:no-such-beer","title":"There is no such beer.","status":404,"detail":"No beer has this id, or it was deleted."}""",
        ["409"] = """{"type":"urn:beertap:problem:pour-id-reused","title":"This pour id belongs to another pour.","status":409,"detail":"Tap 1 used this pour id for beer 42 with 330.5 ml. A new pour needs a new id."}""",
        ["413"] = """{"type":"urn:beertap:problem:body-too-large","title":"The body is too large.","status":413,"detail":"The limit is 1048576 bytes. Send smaller batches."}""",
        ["415"] = """{"type":"urn:beertap:problem:wrong-media-type","title":"The body must be JSON.","status":415,"detail":"Send the header Content-Type: application/json."}""",
        ["421"] = """{"type":"urn:beertap:problem:host-not-allowed","title":"The hub is not called by this host name.","status":421,"detail":"Call it by a name of its machine, or add the name to Security:Hosts."}""",
        ["429"] = """{"type":"urn:beertap:problem:too-many-requests","title":"There were too many requests.","status":429,"detail":"The limit is 1000 a second. Nothing was done; send again after the time in Retry-After."}""",
        ["507"] = """{"type":"urn:beertap:problem:too-many-taps","title":"The hub takes no more taps.","status":507,"detail":"Limits:Taps allows 100000 taps, and this one is new. Nothing was stored. Send it again later, with the same pourId; the operator can raise the limit."}""",
        ["503"] = """{"type":"urn:beertap:problem:intake-full","title":"The hub has too many pours waiting.","status":503,"detail":"Nothing was stored. Send again after the time in Retry-After, with the same pourId."}""",
    };

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var name = $"{context.Description.HttpMethod} {context.Description.RelativePath?.TrimEnd('/')}";
        var call = Calls.GetValueOrDefault(name) ?? throw new InvalidOperationException($"The call '{name}' has no example in {nameof(DocsExamples)}.");
        foreach (var parameter in call.Parameters ?? [])
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = parameter.In,
                Description = parameter.Description,
                Schema = parameter.Schema(),
            });
        }

        // An id is taken as text so that a bad one is a 404 like any other that is not there; what it means is a number.
        foreach (var id in operation.Parameters?.OfType<OpenApiParameter>().Where(parameter => parameter.In == ParameterLocation.Path) ?? [])
            id.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" };

        if (call.Request is { } request && operation.RequestBody?.Content is { } body) body[Json].Example = JsonNode.Parse(request);
        foreach (var (status, answer) in operation.Responses ?? [])
        {
            if (call.Answers?.GetValueOrDefault(status) is { } example && answer.Content?.TryGetValue(Json, out var json) == true) json.Example = JsonNode.Parse(example);
            if (Problems.TryGetValue(status, out var problem) && answer.Content?.TryGetValue(ProblemJson, out var problemJson) == true)
                problemJson.Example = JsonNode.Parse(problem);
        }

        return Task.CompletedTask;
    }

    private sealed record Call(string? Request = null, Dictionary<string, string>? Answers = null, Parameter[]? Parameters = null);

    private sealed record Parameter(
        string Name, ParameterLocation In, JsonSchemaType Type, string Description, int? Least = null, int? Most = null, string[]? OneOf = null)
    {
        public OpenApiSchema Schema() => new()
        {
            Type = Type,
            Minimum = Least?.ToString(CultureInfo.InvariantCulture),
            Maximum = Most?.ToString(CultureInfo.InvariantCulture),
            Enum = OneOf?.Select(value => (JsonNode)value).ToList(),
        };
    }
}
