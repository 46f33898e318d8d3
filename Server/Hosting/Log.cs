namespace BeerTap.Server.Hosting;

internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Information, "{Method} {Path} {Status} in {Milliseconds:0.0} ms")]
    public static partial void RequestServed(ILogger log, string method, string path, int status, double milliseconds);

    [LoggerMessage(4002, LogLevel.Warning, "{Method} {Path} {Status} in {Milliseconds:0.0} ms")]
    public static partial void RequestFailed(ILogger log, string method, string path, int status, double milliseconds);

    // Orchestrators ask every few seconds: that is not the story of the bar.
    [LoggerMessage(4005, LogLevel.Debug, "{Path} {Status}")]
    public static partial void HealthAsked(ILogger log, string path, int status);

    [LoggerMessage(4003, LogLevel.Error, "A request failed by a fault of the hub")]
    public static partial void Unhandled(ILogger log, Exception fault);

    [LoggerMessage(4006, LogLevel.Information, "Metrics go to {Collector} by {Protocol} every {Seconds} s, and {Traces:P0} of the traces that no caller decides on")]
    public static partial void Exporting(ILogger log, Uri collector, OpenTelemetry.Exporter.OtlpExportProtocol protocol, double seconds, double traces);

    [LoggerMessage(4009, LogLevel.Warning, "Metrics and traces do not reach the collector: {Fault}")]
    public static partial void NotExported(ILogger log, string fault);

    [LoggerMessage(4007, LogLevel.Warning, "The hub is not {State}: {Reasons}")]
    public static partial void Unhealthy(ILogger log, string state, string reasons);

    [LoggerMessage(4008, LogLevel.Information, "The hub is {State} again")]
    public static partial void HealthyAgain(ILogger log, string state);

    [LoggerMessage(4011, LogLevel.Warning, "The process may open {Files} files and sockets, so the hub takes at most {Connections} connections, {Listeners} of them listeners; Limits asks for more")]
    public static partial void FewDescriptors(ILogger log, int files, int connections, int listeners);

    [LoggerMessage(4012, LogLevel.Warning, "The hub is full: {Connections} connections from {Addresses} addresses are open, at most {Most}. {Closed} new ones were closed since the last such line")]
    public static partial void Full(ILogger log, int connections, int addresses, int most, long closed);

    [LoggerMessage(4013, LogLevel.Warning, "{Address} has {Connections} connections open (Limits:OpenConnectionsPerAddress). {Closed} new ones were closed since the last such line")]
    public static partial void AddressFull(ILogger log, string address, int connections, long closed);

    [LoggerMessage(4014, LogLevel.Information, "The hub takes new connections again: {Connections} are open, at most {Most}")]
    public static partial void RoomAgain(ILogger log, int connections, int most);

    [LoggerMessage(4010, LogLevel.Information, "The key {By} asks the hub to drain; listeners are sent to {To}")]
    public static partial void DrainAsked(ILogger log, string by, string to);

    [LoggerMessage(4015, LogLevel.Warning, "The clock is wrong: {Fault}. The hub goes on; beers that name no time get the clock's")]
    public static partial void ClockWrong(ILogger log, string fault);

    [LoggerMessage(4016, LogLevel.Information, "The clock is right again")]
    public static partial void ClockRight(ILogger log);

    [LoggerMessage(4004, LogLevel.Information, "BeerTap {Version} serves on {Addresses}; the API is described at /docs")]
    public static partial void Serving(ILogger log, string version, string addresses);
}
