namespace BeerTap.Server.Replication;

internal static partial class Log
{
    [LoggerMessage(7001, LogLevel.Information, "Connected to the log at {Name}; this hub goes on behind entry {Offset}")]
    public static partial void Connected(ILogger log, string name, long offset);

    [LoggerMessage(7002, LogLevel.Warning, "The log cannot be used, trying again: {Why}")]
    public static partial void Cut(ILogger log, string why);

    [LoggerMessage(7003, LogLevel.Critical, "This hub and the log do not belong together: {Why}")]
    public static partial void Refused(ILogger log, string why);

    [LoggerMessage(7004, LogLevel.Information, "Catching up with the log: at entry {Offset} of about {Entries}")]
    public static partial void CatchingUp(ILogger log, long offset, long entries);

    [LoggerMessage(7005, LogLevel.Information, "Caught up with the log at entry {Offset}")]
    public static partial void CaughtUp(ILogger log, long offset);

    [LoggerMessage(7006, LogLevel.Debug, "Entry {Number} waits for the next connection: {Why}")]
    public static partial void NotSent(ILogger log, long number, string why);

    [LoggerMessage(7007, LogLevel.Error, "What comes out of the log behind entry {Offset} cannot be stored; trying again each second")]
    public static partial void StoreHoldsUp(ILogger log, Exception fault, long offset);

    [LoggerMessage(7008, LogLevel.Information, "The store takes what comes out of the log again, up to entry {Offset}")]
    public static partial void StoreTakesAgain(ILogger log, long offset);

    [LoggerMessage(7010, LogLevel.Warning, "Who is connected to the other hubs is not known for now: {Why}")]
    public static partial void OthersNotHeard(ILogger log, string why);

    [LoggerMessage(7011, LogLevel.Warning, "The key {Id} is good on this hub alone: it is not as the hub makes keys (id of letters and digits, a name of 64 characters at most)")]
    public static partial void KeyKeptHere(ILogger log, string id);

    [LoggerMessage(7012, LogLevel.Warning, "Keys could not be told to the other hubs, trying again")]
    public static partial void KeysNotTold(ILogger log, Exception fault);

    [LoggerMessage(7013, LogLevel.Warning, "That all keys were heard of cannot be noted, so the next start will wait for them again: {Why}")]
    public static partial void KeysHeardNotKept(ILogger log, string why);

    [LoggerMessage(7009, LogLevel.Information, "The log is of epoch {Epoch}: this hub's new store will be too")]
    public static partial void Joined(ILogger log, string epoch);

    [LoggerMessage(7021, LogLevel.Error, "The connection to the log ended in a way that is not expected; trying again")]
    public static partial void Surprised(ILogger log, Exception fault);
}
