namespace BeerTap.Server.Reports;

internal static partial class Log
{
    [LoggerMessage(5001, LogLevel.Warning, "The beers of each minute are counted from now on: the newest part of the log could not be read. {Fault}")]
    public static partial void MinutesUnknown(ILogger log, string fault);
}
