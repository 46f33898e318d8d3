using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Json;

namespace BeerTap.Server.Hosting;

/// <summary>What the hub's log looks like (<c>Logging</c>).</summary>
internal sealed class LogOptions
{
    public const string Section = "Logging";

    /// <summary><c>text</c> for people, <c>json</c> for programs: one object a line.</summary>
    [Required, RegularExpression("(?i)text|json", ErrorMessage = "Logging:Format must be text or json.")]
    public string Format { get; set; } = "text";

    /// <summary>The least level that is written: Verbose, Debug, Information, Warning, Error or Fatal.</summary>
    [EnumDataType(typeof(LogEventLevel), ErrorMessage = "Logging:Level must be Verbose, Debug, Information, Warning, Error or Fatal.")]
    public LogEventLevel Level { get; set; } = LogEventLevel.Information;

    /// <summary>A file to write to as well, begun anew each day; none when empty.</summary>
    public string File { get; set; } = "";
}

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
            .Enrich.FromLogContext();
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

        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Logging.AddSerilog(KeepKeysOut(log.ReadFrom.Configuration(builder.Configuration)).CreateLogger(), dispose: true);
    }

    /// <summary>
    /// Last, so that no configuration can bring it back: these two sources of the framework write down addresses with their query, where sockets
    /// and streams carry their key, and pieces of requests that were not understood. The first would also open a log scope per request, whose
    /// request id would stand in the way of X-Request-ID.
    /// </summary>
    private static LoggerConfiguration KeepKeysOut(LoggerConfiguration log) => log
        .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", LevelAlias.Off)
        .MinimumLevel.Override("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LevelAlias.Off);

    private static LogEventLevel Higher(LogEventLevel one, LogEventLevel other) => one > other ? one : other;
}
