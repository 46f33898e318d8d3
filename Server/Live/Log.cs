namespace BeerTap.Server.Live;

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information, "{Who} connected over {Transport} ({Connections} connected)")]
    public static partial void Connected(ILogger log, string who, string transport, int connections);

    [LoggerMessage(2002, LogLevel.Information, "{Who} disconnected from {Transport} ({Connections} connected)")]
    public static partial void Disconnected(ILogger log, string who, string transport, int connections);

    [LoggerMessage(2003, LogLevel.Information, "{Who} asked for position {Position}, which is not in this log, and was told to reload")]
    public static partial void Reload(ILogger log, string who, string position);

    [LoggerMessage(2004, LogLevel.Information, "{Who} was closed on {Transport}: {Reason}")]
    public static partial void Closed(ILogger log, string who, string transport, string reason);

    [LoggerMessage(2005, LogLevel.Information, "{Who} went away on {Transport} in the middle of a write: {Fault}")]
    public static partial void WriteFailed(ILogger log, string who, string transport, string fault);

    [LoggerMessage(2006, LogLevel.Warning, "{Who} took nothing on {Transport} for {Seconds:0} s and is cut: {Reason}")]
    public static partial void Stalled(ILogger log, string who, string transport, double seconds, string reason);

    [LoggerMessage(2007, LogLevel.Error, "A round of the pump failed")]
    public static partial void PumpFailed(ILogger log, Exception fault);

    [LoggerMessage(2008, LogLevel.Information, "Draining: {Connections} connections are told to come back")]
    public static partial void Draining(ILogger log, int connections);

    [LoggerMessage(2009, LogLevel.Information, "Drained in {Seconds:0.0} s, {Connections} connections left")]
    public static partial void Drained(ILogger log, int connections, double seconds);

    [LoggerMessage(2015, LogLevel.Debug, "An EventSource was refused ({Problem}) and will reconnect in {Milliseconds} ms")]
    public static partial void PutOff(ILogger log, string problem, int milliseconds);
}
