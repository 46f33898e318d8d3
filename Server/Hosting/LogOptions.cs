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
