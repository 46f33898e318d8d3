using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

internal static partial class Log
{
    public static void Poured(ILogger log, Beer beer) => Poured(log, beer.TapId, beer.Type, beer.Volume, beer.Id);

    public static void PouredMany(ILogger log, Outcome[] outcomes, int sent)
    {
        if (!log.IsEnabled(LogLevel.Information)) return;
        var poured = outcomes.Count(outcome => outcome.Kind == OutcomeKind.Poured);
        var replayed = outcomes.Count(outcome => outcome.Kind == OutcomeKind.Replayed);
        PouredMany(log, sent, poured, replayed, sent - poured - replayed);
    }

    [LoggerMessage(3001, LogLevel.Information, "Tap {TapId} poured a {Type} ({Volume} ml), beer {Id}")]
    private static partial void Poured(ILogger log, int tapId, string type, double volume, long id);

    [LoggerMessage(3002, LogLevel.Information, "Tap {TapId} sent the pour {PourId} again, it is beer {Id}")]
    public static partial void Replayed(ILogger log, int tapId, string pourId, long id);

    [LoggerMessage(3003, LogLevel.Information, "A batch of {Sent} pours: {Poured} poured, {Replayed} sent before, {Refused} refused")]
    private static partial void PouredMany(ILogger log, int sent, int poured, int replayed, int refused);

    [LoggerMessage(3005, LogLevel.Warning, "Tap {TapId} says {Claimed} for beer {Id}, which cannot be; the beer has the hub's time {At}. Check the clock of the tap. {Untold} more such pours were not told here")]
    public static partial void TimeClaimed(ILogger log, int tapId, string claimed, long id, string at, long untold);

    [LoggerMessage(3004, LogLevel.Information, "Beer {Id} of tap {TapId} was deleted")]
    public static partial void Deleted(ILogger log, long id, int tapId);
}
