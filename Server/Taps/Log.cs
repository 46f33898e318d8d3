namespace BeerTap.Server.Taps;

internal static partial class Log
{
    [LoggerMessage(8001, LogLevel.Warning, "Pours are refused because their key is missing, revoked, or of another role or tap; taps: {Taps}. To make a key for a tap: {Command}")]
    public static partial void PoursRefused(ILogger log, string taps, string command);

    [LoggerMessage(8002, LogLevel.Warning, "Tap {TapId} was refused: the hub has as many taps as Limits:Taps allows ({Limit}). Said once a minute at most")]
    public static partial void TooManyTaps(ILogger log, int tapId, int limit);
}
