using System.Buffers;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Live;

/// <summary>The log over REST, a page at a time.</summary>
internal static class EventsApi
{
    public const string Path = "/api/events";

    /// <summary>How many events a page holds when the caller does not say, and at most.</summary>
    private const int DefaultLimit = 100, MostLimit = 1_000;

    public static void MapEventsApi(this IEndpointRouteBuilder routes) => routes
        .MapGet(Path, Page)
        .WithTags("Events")
        .WithSummary("Reads a page of the log")
        .WithDescription(
            "The events after a position, oldest first, and the position to ask for next. `after=earliest` starts at the beginning; without " +
            "`after` the page is empty and gives the current position. A position of another epoch or from the future is answered by one event `reload`.")
        .Produces<EventsAnswer>()
        .Requires(Right.Listen)
        .Refuses(400, 401, 403, 429, 503);

    private static IResult Page(HttpContext http, EventLog log, BeerRepository repository, ReadLimits limits)
    {
        var errors = new FieldErrors();
        var limit = (int)(QueryFields.Whole(http.Request, "limit", 1, MostLimit, errors) ?? DefaultLimit);
        if (!After.TryParse(QueryFields.Single(http.Request, "after", errors), out var after))
            errors.Add("after", "must be a position as an event gave it, such as k3x9q2ab-42, or earliest.");
        return errors.Any ? new RefusalResult(errors.ToProblem()) : new PageAnswer(limits, body => Write(body, log, repository, after, limit));
    }

    private static void Write(IBufferWriter<byte> body, EventLog log, BeerRepository repository, After after, int limit)
    {
        var (seq, reload) = log.Resolve(after);
        body.Write("{\"events\":["u8);
        if (reload)
        {
            body.Write(log.Frames.ReloadObject(seq).Span);
        }
        else
        {
            var begin = seq;
            foreach (var entry in repository.ReadLog(begin, limit))
            {
                if (seq > begin)
                {
                    body.Write(","u8);
                }

                body.Write(log.Frames.ObjectOf(entry).Span);
                seq = entry.Seq;
            }
        }

        body.Write("],\"position\":\""u8);
        body.Write(System.Text.Encoding.ASCII.GetBytes(log.Frames.PositionOf(seq)));
        body.Write("\"}"u8);
    }

    /// <summary>The page, whose events are written as on every transport.</summary>
    private sealed class PageAnswer(ReadLimits limits, Action<IBufferWriter<byte>> write) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => limits.AnswerAsync(httpContext, write);
    }
}

/// <summary>A page of the log.</summary>
/// <param name="Events">Event objects as on every transport, oldest first; empty at the end of the log.</param>
/// <param name="Position">Ask for the next page with <c>after</c> set to this.</param>
public sealed record EventsAnswer(IReadOnlyList<LoggedEvent> Events, string Position);

/// <summary>An event object of the log: <c>beerPoured</c> has a beer, <c>beerDeleted</c> an id, <c>reload</c> neither.</summary>
/// <param name="Event"><c>beerPoured</c>, <c>beerDeleted</c> or <c>reload</c>.</param>
/// <param name="Position">The event's place in the log, <c>epoch-seq</c>.</param>
/// <param name="Beer">The beer that was poured.</param>
/// <param name="Id">The id of the beer that was deleted.</param>
public sealed record LoggedEvent(string Event, string Position, Beer? Beer = null, long? Id = null);
