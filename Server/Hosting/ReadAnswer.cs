using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace BeerTap.Server.Hosting;

/// <summary>200 with a <typeparamref name="T"/> that is read under <see cref="ReadLimits"/>.</summary>
/// <param name="read">Called on a reading thread; may set headers of the answer.</param>
internal sealed class ReadAnswer<T>(ReadLimits limits, Func<T> read) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    public int? StatusCode => StatusCodes.Status200OK;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));

    public Task ExecuteAsync(HttpContext httpContext) => limits.AnswerAsync(httpContext, read);
}
