using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Json;

namespace BeerTap.Server.Hosting;

internal static class LogSetup
{
    private const string Line = "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj} {RequestId}{NewLine}{Exception}";

    /// <summary>Serilog writes the log. The section <c>Serilog</c> can set more: levels by source, further sinks.</summary>
    public static void AddLog(this WebApplicationBuilder builder, LogOptions options)
    {
        var json = options.Format.Equals("json", StringComparison.OrdinalIgnoreCase);
        var log = new LoggerConfiguration()
            .MinimumLevel.Is(options.Level)
            .MinimumLevel.Override("Microsoft", Higher(options.Level, LogEventLevel.Warning))
            .MinimumLevel.Override("System", Higher(options.Level, LogEventLevel.Warning))
            // A hub that cannot start says why once, in its own words.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LevelAlias.Off)
            .Filter.ByExcluding(IsRestOfABadBody)
            .Enrich.FromLogContext()
            .Enrich.With<RequestId>()
            .Enrich.With<PlainProperties>();
        log = json
            ? log.WriteTo.Console(new JsonFormatter(renderMessage: true, formatProvider: CultureInfo.InvariantCulture))
            : log.WriteTo.Console(outputTemplate: Line, formatProvider: CultureInfo.InvariantCulture);
        if (options.File.Length > 0)
        {
            log = json
                ? log.WriteTo.File(new JsonFormatter(renderMessage: true), options.File, rollingInterval: RollingInterval.Day)
                : log.WriteTo.File(options.File, outputTemplate: "{Timestamp:O} {Level:u3} {Message:lj} {RequestId}{NewLine}{Exception}",
                    formatProvider: CultureInfo.InvariantCulture, rollingInterval: RollingInterval.Day);
        }

        try
        {
            log = log.ReadFrom.Configuration(builder.Configuration);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or FormatException)
        {
            throw new SettingsException([$"Serilog: {fault.Message}"]);
        }

        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Logging.AddSerilog(KeepKeysOut(log).CreateLogger(), dispose: true);
    }

    /// <summary>
    /// Last, so that no configuration can bring it back: these two sources of the framework write down addresses with their query, where sockets
    /// and streams carry their key, and pieces of requests that were not understood. The first would also open a log scope per request, whose
    /// request id would stand in the way of X-Request-ID.
    /// </summary>
    private static LoggerConfiguration KeepKeysOut(LoggerConfiguration log) => log
        .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
        .MinimumLevel.Override("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LevelAlias.Off);

    /// <summary>The server, reading on where a body was refused that its sender spoilt, calls that an error of its own.</summary>
    private static bool IsRestOfABadBody(LogEvent entry) =>
        entry.Properties.GetValueOrDefault("EventId") is StructureValue id
        && id.Properties.Any(part => part is { Name: "Name", Value: ScalarValue { Value: "RequestBodyDrainBodyReaderInvalidState" } });

    private static LogEventLevel Higher(LogEventLevel one, LogEventLevel other) => one > other ? one : other;
}
