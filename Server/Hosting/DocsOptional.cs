using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BeerTap.Server.Hosting;

/// <summary>
/// Says in the description of the API that a field may be left out where its property may be null: the hub leaves out what is null.
/// </summary>
internal static class DocsOptional
{
    public static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        var nullability = new NullabilityInfoContext();
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property.AttributeProvider is PropertyInfo info && nullability.Create(info).ReadState == NullabilityState.Nullable)
            {
                schema.Required?.Remove(property.Name);
            }
        }

        return Task.CompletedTask;
    }
}
