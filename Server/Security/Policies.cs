using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

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

/// <summary>
/// Asks <see cref="Access"/> directly. The framework's own evaluator looks for handlers, makes a context and logs, which costs an open hub more than
/// all of its rules.
/// </summary>
internal sealed class AccessEvaluator(Access access) : IPolicyEvaluator
{
    private static readonly Task<AuthenticateResult> AlreadyKnown = Task.FromResult(AuthenticateResult.NoResult());
    private static readonly Task<PolicyAuthorizationResult> Yes = Task.FromResult(PolicyAuthorizationResult.Success());
    private static readonly Task<PolicyAuthorizationResult> NotThisKey = Task.FromResult(PolicyAuthorizationResult.Forbid());
    private static readonly Task<PolicyAuthorizationResult> NeedsKey = Task.FromResult(PolicyAuthorizationResult.Challenge());

    /// <summary>Who calls was found out before, by <see cref="KeyAuthentication"/>.</summary>
    public Task<AuthenticateResult> AuthenticateAsync(AuthorizationPolicy policy, HttpContext context) => AlreadyKnown;

    public Task<PolicyAuthorizationResult> AuthorizeAsync(AuthorizationPolicy policy, AuthenticateResult authenticationResult, HttpContext context, object? resource)
    {
        // What is no right of BeerTap's is nobody's.
        foreach (var requirement in policy.Requirements)
        {
            if (requirement is not Needs needs || !access.Allows(context, needs.Right)) return context.User.Identity is KeyIdentity ? NotThisKey : NeedsKey;
        }

        return Yes;
    }
}
