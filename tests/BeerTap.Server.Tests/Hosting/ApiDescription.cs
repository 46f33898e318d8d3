using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using BeerTap.Server.Hosting;
using Json.Schema;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>Represents the hub's own description of its API: OpenAPI 3.1, whose schemas are JSON Schema 2020-12.</summary>
internal sealed class ApiDescription
{
    private static readonly SemaphoreSlim Once = new(1);
    private static ApiDescription? _of;

    private readonly JsonObject _document;
    private readonly List<(string Method, Regex Path, JsonObject Operation)> _operations;
    private readonly ConcurrentDictionary<JsonNode, JsonSchema> _schemas = [];

    private ApiDescription(JsonObject document)
    {
        _document = document;
        _operations = [.. from path in document["paths"]!.AsObject()
                          from operation in path.Value!.AsObject()
                          orderby path.Key.Contains('{', StringComparison.Ordinal)
                          select (operation.Key.ToUpperInvariant(), PathOf(path.Key), operation.Value!.AsObject())];
    }

    public JsonObject Document => _document;

    /// <summary>Read once for all tests: no setting changes it.</summary>
    public static async Task<ApiDescription> OfAsync(IServiceProvider hub)
    {
        await Once.WaitAsync();
        try
        {
            return _of ??= new ApiDescription(JsonNode.Parse(await Docs.WriteAsync(hub))!.AsObject());
        }
        finally
        {
            Once.Release();
        }
    }

    /// <summary>The operation that a request asks for; null when none is described. HEAD is answered as GET.</summary>
    public JsonObject? Find(string method, string path)
    {
        var asked = method == "HEAD" ? "GET" : method;
        return _operations.Find(operation => operation.Path.IsMatch(path)) is { Path: { } first }
            ? _operations.Find(operation => operation.Method == asked && operation.Path == first).Operation
            : null;
    }

    /// <summary>How an answer differs from what is described, or null.</summary>
    /// <param name="body">Null when there is none to look at.</param>
    public string? FaultOf(JsonObject operation, int status, string? media, string? body)
    {
        if (operation["responses"]![status.ToString(CultureInfo.InvariantCulture)] is not { } answer)
        {
            return $"the status {status} is not described";
        }

        if (answer["content"]?.AsObject() is not { Count: > 0 } contents)
        {
            return media is null ? null : $"a body of {media} is not described for {status}";
        }

        if (media is null || contents[media] is not { } content)
        {
            return $"the media type {media ?? "(none)"} is not described for {status}";
        }

        return body is null ? null : FaultOf(content["schema"]!, JsonDocument.Parse(body).RootElement);
    }

    /// <summary>How a value differs from a schema of the document, or null.</summary>
    public string? FaultOf(JsonNode schema, JsonElement value)
    {
        var options = new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true };
        var result = _schemas.GetOrAdd(schema, Build).Evaluate(value, options);
        return result.IsValid ? null : string.Join("; ", from part in result.Details ?? []
                                                         from error in part.Errors ?? []
                                                         select $"{part.InstanceLocation} {error.Value}");
    }

    private JsonSchema Build(JsonNode schema)
    {
        var whole = schema.DeepClone().AsObject();
        whole["$defs"] = _document["components"]!["schemas"]!.DeepClone();
        return JsonSchema.FromText(whole.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    }

    private static Regex PathOf(string template) =>
        new("^" + Regex.Replace(template, @"\{\w+\}", "[^/]+") + "/?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
