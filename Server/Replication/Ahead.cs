using BeerTap.Server.Beers;
using BeerTap.Server.Live;

namespace BeerTap.Server.Replication;

/// <summary>
/// Who comes from another hub may stand at a position that this one has not come to yet: it waits until it has. An entry of this hub's own that was made
/// since then and came through the log shows that everything before it is applied; a position that is still unknown is of no log, and its caller is told to
/// reload, as on a hub alone. While the hub cannot know, the answer is 503: another hub may.
/// </summary>
/// <param name="head">The number of the newest position that this hub has applied.</param>
internal sealed class Ahead(LogStatus status, string epoch, Func<long> head, TimeProvider time)
{
    /// <summary>Longer than a hub that has nothing to say takes to show that the log takes entries.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    public void Use(IApplicationBuilder app) => app.Use((http, next) => PositionOf(http) is { } position && IsAhead(position) ? WaitAsync(http, position, next) : next(http));

    private bool IsAhead(Position position) => position.Epoch == epoch && position.Seq > head();

    private async Task WaitAsync(HttpContext http, Position position, RequestDelegate next)
    {
        var came = time.GetTimestamp();
        while (IsAhead(position) && status.AppliedAsOf <= came)
        {
            if (time.GetElapsedTime(came) > Longest)
            {
                await new RefusalResult(Refusals.NotThereYet()).ExecuteAsync(http);
                return;
            }

            await Task.Delay(LookEvery, time, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (http.RequestAborted.IsCancellationRequested) return;
        }

        await next(http);
    }

    private static Position? PositionOf(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<Listening>() is null && http.Request.Path != EventsApi.Path) return null;
        return FeedRequest.TryReadAfter(http.Request, out _, out var after) && after.Kind == AfterKind.Position ? after.Position : null;
    }
}
