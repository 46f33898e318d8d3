using BeerTap.Server.Beers;
using BeerTap.Server.Taps;

namespace BeerTap.Server.Security;

/// <summary>What an endpoint asks of its callers.</summary>
internal sealed record Needs(Right Right);

/// <summary>Which right each endpoint needs, and the door that asks for it.</summary>
internal static class Rights
{
    private static readonly Dictionary<Right, Needs> All = Enum.GetValues<Right>().ToDictionary(right => right, right => new Needs(right));

    /// <summary>Only who has this right gets through: 401 without a good key, 403 with the key of another role.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, Right right)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(All[right]);

    /// <summary>Asks <see cref="Access"/>, once it is known who calls.</summary>
    public static void Ask(IApplicationBuilder app, Access access, RefusedPours refusedPours) => app.Use((http, next) =>
        http.GetEndpoint()?.Metadata.GetMetadata<Needs>() is { Right: var right } && access.RefusalOf(http, right) is { } refusal
            ? RefuseAsync(http, right, refusal, refusedPours)
            : next(http));

    private static async Task RefuseAsync(HttpContext http, Right right, Problem refusal, RefusedPours refusedPours)
    {
        if (right == Right.Pour && refusal.Status is (StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden))
        {
            await refusedPours.LookAsync(http);
        }

        await new RefusalResult(refusal).ExecuteAsync(http);
    }
}
