using System.Globalization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;

namespace BeerTap.Server.Beers;

/// <summary>The one place where a refusal becomes an HTTP answer (RFC 9457, <c>application/problem+json</c>).</summary>
/// <param name="retryAfter">Seconds a caller is told to wait when it came too fast, the hub is full or stopping, or the store is away.</param>
internal sealed class RefusalResult(Problem problem, int retryAfter = RefusalResult.RetryAfterSeconds) : IResult, IStatusCodeHttpResult, IValueHttpResult<Problem>
{
    public const int RetryAfterSeconds = 1;

    public int? StatusCode => problem.Status;

    public Problem Value => problem;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.RequestServices?.GetService<RefusalMeter>()?.Refused(problem);
        if (PutOff.Fits(httpContext.Request, problem)) return PutOff.AnswerAsync(httpContext, problem, retryAfter);
        var response = httpContext.Response;
        response.StatusCode = problem.Status;
        if (problem.Status is 429 or 503) response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        if (problem.Status is 401) response.Headers.WWWAuthenticate = "Bearer realm=\"BeerTap\"";
        if (problem.Status is 426) (response.Headers.Upgrade, response.Headers.Connection) = ("websocket", "Upgrade, close");
        return response.WriteAsJsonAsync(problem, BeerTapJson.Default.Problem, "application/problem+json", httpContext.RequestAborted);
    }
}
