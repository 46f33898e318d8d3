using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using BeerTap.Server.Hosting;
using Microsoft.AspNetCore.Http.Metadata;

namespace BeerTap.Server.Beers;

/// <summary>What became of each pour of a batch: 200 <see cref="BatchAnswer"/>. Written by hand, as the answer to one pour is.</summary>
internal sealed class BatchResults(IReadOnlyList<BatchResult> results) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    private const string Json = "application/json";

    public int? StatusCode => StatusCodes.Status200OK;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(BatchAnswer), [Json]));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = Json + "; charset=utf-8";
        var body = response.BodyWriter;
        body.Write("{\"results\":["u8);
        for (var i = 0; i < results.Count; i++)
        {
            if (i > 0) body.Write(","u8);
            Write(body, results[i]);
        }

        body.Write("]}"u8);
        return Task.CompletedTask;
    }

    private static void Write(PipeWriter body, BatchResult result)
    {
        var json = new JsonText(body.GetSpan(BeerJson.MostBytes + 64));
        json.Put("{\"status\":"u8);
        json.Put(result.Status);
        if (result.Beer is { } beer)
        {
            json.Put(",\"beer\":"u8);
            json.Put(beer);
        }

        if (result.Problem is { } problem)
        {
            json.Put(",\"problem\":"u8);
            body.Advance(json.Length);
            body.Write(JsonSerializer.SerializeToUtf8Bytes(problem, BeerTapJson.Default.Problem));
            json = new JsonText(body.GetSpan(1));
        }

        json.Put("}"u8);
        body.Advance(json.Length);
    }
}
