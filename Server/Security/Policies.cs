using Microsoft.AspNetCore.Authorization;

namespace BeerTap.Server.Security;

/// <summary>The authorization policies, one a <see cref="Right"/>; an endpoint names the one it needs.</summary>
internal static class Policies
{
    private static readonly Dictionary<Right, AuthorizationPolicy> All =
        Enum.GetValues<Right>().ToDictionary(right => right, right => new AuthorizationPolicy([new Needs(right)], []));

    /// <summary>Only who has this right gets through: 401 without a good key, 403 with the key of another role.</summary>
    public static TBuilder Requires<TBuilder>(this TBuilder endpoint, Right right)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(All[right]);
}

/// <summary>What an endpoint needs.</summary>
internal sealed class Needs(Right right) : IAuthorizationRequirement
{
    public Right Right => right;
}

/// <summary>Asks <see cref="Access"/>.</summary>
internal sealed class NeedsHandler(Access access) : AuthorizationHandler<Needs>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Needs requirement)
    {
        if (context.Resource is HttpContext http && access.Allows(http, requirement.Right)) context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
