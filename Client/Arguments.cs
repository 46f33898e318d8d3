using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace BeerTap.Client;

/// <summary>
/// Reads options, which are all taken as text and judged here, so that a fault in an environment variable reads like one on
/// the command line and all of them are listed at once.
/// </summary>
internal sealed class Arguments(ParseResult parsed, Func<string, string?> environment)
{
    public List<string> Faults { get; } = [.. parsed.Errors.Select(fault => fault.Message)];

    public T? Take<T>(Option<string> option, string? variable, Func<string, T?> parse, string fault, bool secret = false)
    {
        if (Given(option, variable, out var source) is not { } text)
        {
            return default;
        }

        var value = parse(text);
        if (value is null)
        {
            Faults.Add(secret ? $"{source}: the value {fault}" : $"{source}: '{text}' {fault}");
        }

        return value;
    }

    public bool Has(Option<bool> option) => parsed.GetValue(option);

    public string? Key(Option<string> keyOption, Option<string> fileOption)
    {
        var key = Take(keyOption, "BEERTAP_API_KEY", ParseKey, "is not a key (visible ASCII characters only)", secret: true);
        var file = Given(fileOption, "BEERTAP_API_KEY_FILE", out var source);
        if (file is null)
        {
            return key;
        }

        if (Given(keyOption, "BEERTAP_API_KEY", out var other) is not null)
        {
            Faults.Add($"{source}: the key is given by {other} as well; give one of them");
            return null;
        }

        try
        {
            // An editor, and a shell's redirection, end a file with a line feed.
            key = ParseKey(File.ReadAllText(file).Trim());
            if (key is null)
            {
                Faults.Add($"{source}: '{file}' does not hold a key (visible ASCII characters only)");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Faults.Add($"{source}: {fault.Message}");
        }

        return key;
    }

    /// <summary>The file that the key was read from, if it was.</summary>
    public string? KeyFile(Option<string> fileOption) => Given(fileOption, "BEERTAP_API_KEY_FILE", out _);

    public static Func<string, int?> Whole(int least, int most) => text =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    public static TimeSpan? ParseDuration(string text) => Duration.TryParse(text, out var duration) ? duration : null;

    public static FeedKind? ParseFeed(string text) => text switch
    {
        "signalr" => FeedKind.SignalR,
        "websocket" => FeedKind.WebSocket,
        "sse" => FeedKind.Sse,
        _ => null,
    };

    public static string? NotEmpty(string text) => string.IsNullOrWhiteSpace(text) ? null : text;

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>An option with this name for its value, a description, and the text that stands when it is not given.</summary>
    public static Option<string> Text(string name, string value, string description, string? byDefault = null)
    {
        var option = new Option<string>(name) { HelpName = value, Description = description };
        if (byDefault is not null)
        {
            option.DefaultValueFactory = _ => byDefault;
        }

        return option;
    }

    // The command line wins over the environment; an empty variable counts as not set, as compose files leave them.
    private string? Given(Option<string> option, string? variable, out string source)
    {
        source = option.Name;
        if (parsed.GetResult(option) is { Implicit: false } result)
        {
            // Its own fault was already listed by the parser (no value, or two).
            return result.Errors.Any() || result.Tokens.Count != 1 ? null : result.Tokens[0].Value;
        }

        source = variable ?? option.Name;
        return variable is not null && environment(variable) is { Length: > 0 } value ? value : null;
    }

    public static string? ParseKey(string text) => text.Length > 0 && text.All(c => c is > ' ' and <= '~') ? text : null;
}
