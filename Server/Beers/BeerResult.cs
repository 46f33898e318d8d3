using System.Buffers;
using System.Globalization;
using System.Reflection;
using BeerTap.Server.Hosting;
using Microsoft.AspNetCore.Http.Metadata;

namespace BeerTap.Server.Beers;

/// <summary>A pour that is on the disk: 201 with the beer's address, or, for one that was sent before, 200 and <c>Idempotency-Replayed: true</c>.</summary>
/// <remarks>Written by hand, with its length before it: most answers of a hub are this one.</remarks>
internal sealed class BeerResult(Beer beer, bool isReplayed) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    private const string Json = "application/json";

    public int? StatusCode => isReplayed ? StatusCodes.Status200OK : StatusCodes.Status201Created;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status201Created, typeof(BeerAnswer), [Json]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(BeerAnswer), [Json]));
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var json = new JsonText(stackalloc byte[BeerJson.MostBytes + 16]);
        json.Put("{\"beer\":"u8);
        json.Put(beer);
        json.Put("}"u8);

        response.StatusCode = isReplayed ? StatusCodes.Status200OK : StatusCodes.Status201Created;
        response.ContentType = Json + "; charset=utf-8";
        response.ContentLength = json.Length;
        if (isReplayed) response.Headers["Idempotency-Replayed"] = "true";
        else response.Headers.Location = string.Create(CultureInfo.InvariantCulture, stackalloc char[64], $"{BeersApi.Path}/{beer.Id}");

        // Sent with the head, when the request ends.
        response.BodyWriter.Write(json.Written);
        return Task.CompletedTask;
    }
}
