using System.Threading.RateLimiting;
using BeerTap.Server.Beers;
using BeerTap.Server.Security;

namespace BeerTap.Server.Hosting;

/// <summary>How many requests a second one address, and one key, may send. What is not limited costs nothing.</summary>
internal sealed class RequestLimits(LimitOptions options) : IDisposable
{
    private readonly PartitionedRateLimiter<HttpContext>? _perAddress = PerSecond(options.RequestsPerAddress, CallerAddress.Of);
    private readonly PartitionedRateLimiter<HttpContext>? _perKey = PerSecond(options.RequestsPerKey, http => KeyIdentity.Of(http)!.Key.Id);

    /// <summary>Before a key is looked at, so that this costs as little as can be. Orchestrators that ask for health are never refused.</summary>
    public void LimitAddresses(WebApplication app)
    {
        if (_perAddress is null) return;
        app.Use((http, next) => http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) ? next(http) : Limit(_perAddress, options.RequestsPerAddress, http, next));
    }

    /// <summary>Once it is known whose key it is.</summary>
    public void LimitKeys(WebApplication app)
    {
        if (_perKey is null) return;
        app.Use((http, next) => KeyIdentity.Of(http) is not null ? Limit(_perKey, options.RequestsPerKey, http, next) : next(http));
    }

    public void Dispose()
    {
        _perAddress?.Dispose();
        _perKey?.Dispose();
    }

    private static async Task Limit(PartitionedRateLimiter<HttpContext> limiter, int perSecond, HttpContext http, RequestDelegate next)
    {
        using (var lease = limiter.AttemptAcquire(http))
        {
            if (!lease.IsAcquired)
            {
                await new RefusalResult(Refusals.TooManyRequests(perSecond)).ExecuteAsync(http);
                return;
            }
        }

        await next(http);
    }

    // The bucket holds what one second allows and is filled once a second: Retry-After, which counts seconds, is then exact.
    private static PartitionedRateLimiter<HttpContext>? PerSecond<TCaller>(int requests, Func<HttpContext, TCaller> caller)
        where TCaller : notnull => requests == 0 ? null : PartitionedRateLimiter.Create<HttpContext, TCaller>(http => RateLimitPartition.GetTokenBucketLimiter(
            caller(http),
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = requests,
                TokensPerPeriod = requests,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }));
}
