using BeerTap.Server.Security;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace BeerTap.Server.Hosting;

/// <summary>Tells in the description of the API how keys are sent, and which calls take one.</summary>
internal sealed class DocsKeys : IOpenApiOperationTransformer
{
    private const string Bearer = "bearer", Header = "header";

    public static void Describe(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal)
        {
            [Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "A key, as `keys add` or `POST /api/keys` gave it." },
            [Header] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Header,
                Name = KeyAuthentication.Header,
                Description = "The same key in a header of its own.",
            },
        };
    }

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Needs>().Any())
        {
            // The empty one: what is public, or open to this machine, takes no key.
            operation.Security = [Requirement(Bearer, context.Document), Requirement(Header, context.Document), []];
        }

        return Task.CompletedTask;
    }

    private static OpenApiSecurityRequirement Requirement(string scheme, OpenApiDocument? document) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
}
