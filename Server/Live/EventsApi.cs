using System.Buffers;
using BeerTap.Server.Beers;
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

    private static IResult Page(HttpRequest http, EventLog log, BeerRepository repository)
    {
        var errors = new FieldErrors();
        var limit = (int)(QueryFields.Whole(http, "limit", 1, MostLimit, errors) ?? DefaultLimit);
        if (!After.TryParse(QueryFields.Single(http, "after", errors), out var after))
            errors.Add("after", "must be a position as an event gave it, such as k3x9q2ab-42, or earliest.");
        if (errors.Any) return new RefusalResult(errors.ToProblem());

        var (seq, reload) = log.Resolve(after);
        var events = new List<ReadOnlyMemory<byte>>();
        if (reload) events.Add(log.Frames.ReloadObject(seq));
        else
        {
            foreach (var entry in repository.ReadLog(seq, limit))
            {
                events.Add(log.Frames.ObjectOf(entry));
                seq = entry.Seq;
            }
        }

        return Results.Bytes(Join(events, log.Frames.PositionOf(seq)), "application/json; charset=utf-8");
    }

    private static ReadOnlyMemory<byte> Join(List<ReadOnlyMemory<byte>> events, string position)
    {
        var body = new ArrayBufferWriter<byte>(64 + events.Sum(entry => entry.Length + 1));
        body.Write("{\"events\":["u8);
        for (var i = 0; i < events.Count; i++)
        {
            if (i > 0) body.Write(","u8);
            body.Write(events[i].Span);
        }

        body.Write("],\"position\":\""u8);
        body.Write(System.Text.Encoding.ASCII.GetBytes(position));
        body.Write("\"}"u8);
        return body.WrittenMemory;
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
