using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;

namespace BeerTap.Client;

/// <summary>
/// The command line. Every option is read as text and judged here, so that a fault in an environment variable reads like
/// one on the command line and all of them are listed at once.
/// </summary>
internal sealed class ClientCommand
{
    private const string Examples = """
        Examples:
          BeerTap.Client                                       one tap, a pour about every 2 s, until Ctrl-C
          BeerTap.Client --taps 3 --every 500ms                taps 1, 2 and 3
          BeerTap.Client --tap 7 --spool tap7.spool            keeps what was not acknowledged across a kill
          BeerTap.Client --taps 50 --count 20 --every 0 --seed 1   a repeatable load, then a summary
          BeerTap.Client --after earliest --feed sse           hears everything from the first pour on
        """;

    private static readonly ClientOptions Defaults = new();

    private readonly Func<string, string?> _environment;
    private readonly List<string> _faults = [];
    private readonly RootCommand _root = new("Plays beer taps: measures pours, posts them to a BeerTap hub, and tells what the hub's feed says.");

    private readonly Option<string> _server = Text(
        "--server", "URL",
        "The hub: a URL, host:port, or host (then http and port 8338) [env: INET_ADDR]", Defaults.Server.ToString().TrimEnd('/'));
    private readonly Option<string> _tap = Text("--tap", "ID", "Id of the first tap, 1 or more [env: TAP_ID]", Number(Defaults.FirstTap));
    private readonly Option<string> _taps = Text(
        "--taps", "N",
        "How many taps to play, with ids from --tap on, 1 to 10000", Number(Defaults.Taps));
    private readonly Option<string> _every = Text(
        "--every", "DURATION",
        "Mean time between two pours of a tap: 500ms, 2s, 1m; 0: the next as soon as the last is acknowledged", Duration.Text(Defaults.Every));
    private readonly Option<string> _seed = Text(
        "--seed", "INT",
        "Makes the volumes repeatable; when not given, one is made up and printed");
    private readonly Option<string> _count = Text(
        "--count", "N",
        "Pours per tap, then wait until they are acknowledged and heard, and end; when not given, no end");
    private readonly Option<string> _after = Text(
        "--after", "POSITION",
        "Where to start listening: a position such as k3x9q2ab-42, or earliest; when not given, from now on");
    private readonly Option<string> _feed = Text("--feed", "KIND", "How to listen: signalr, websocket or sse", "signalr");
    private readonly Option<string> _spool = Text(
        "--spool", "FILE",
        "Keep unacknowledged pours in this file, so that they survive a kill of this client");
    private readonly Option<string> _spoolLimit = Text(
        "--spool-limit", "N",
        "Most unacknowledged pours to keep, in memory and in the spool, over all taps; at the limit taps stop pouring", Number(Defaults.SpoolLimit));
    private readonly Option<string> _apiKey = Text("--api-key", "KEY", "Sent with every call [env: BEERTAP_API_KEY]");
    private readonly Option<string> _apiKeyFile = Text("--api-key-file", "FILE", "Reads the key from this file, such as a Docker secret [env: BEERTAP_API_KEY_FILE]");
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Say nothing of pours and reports, only of trouble, and the summary" };

    public ClientCommand(Func<string, string?> environment)
    {
        _environment = environment;
        foreach (var option in new Option[] { _server, _tap, _taps, _every, _seed, _count, _after, _feed, _spool, _spoolLimit, _apiKey, _apiKeyFile, _quiet })
        {
            _root.Options.Add(option);
        }

        foreach (var help in _root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }
    }

    /// <summary>Runs what the command line asks for: help, the client, or one line on <paramref name="error"/> for each fault and exit code 2.</summary>
    public async Task<int> InvokeAsync(string[] args, TextWriter error, Func<ClientOptions, CancellationToken, Task<int>> run, CancellationToken stopping)
    {
        // A leading @ is part of a key or a file name here, not a file of more options.
        var parsed = _root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count == 0 && parsed.Action is not null)
        {
            return await parsed.InvokeAsync(cancellationToken: stopping);
        }

        _faults.AddRange(parsed.Errors.Select(fault => fault.Message));
        var options = Read(parsed);
        foreach (var fault in _faults)
        {
            await error.WriteLineAsync(ConsoleReport.Printable(fault));
        }

        return _faults.Count > 0 ? 2 : await run(options, stopping);
    }

    private ClientOptions Read(ParseResult parsed)
    {
        var options = new ClientOptions
        {
            Server = Take(parsed, _server, "INET_ADDR", ServerAddress.Parse, "is not a host, host:port or http URL") ?? Defaults.Server,
            FirstTap = Take(parsed, _tap, "TAP_ID", Whole(1, int.MaxValue), "is not a tap id (a whole number from 1 on)") ?? Defaults.FirstTap,
            Taps = Take(parsed, _taps, null, Whole(1, ClientOptions.MostTaps), $"is not a number of taps from 1 to {ClientOptions.MostTaps}") ?? Defaults.Taps,
            Every = Take(parsed, _every, null, ParseDuration, "is not a duration such as 500ms, 2s, 1m or 0 (at most 24h)") ?? Defaults.Every,
            Seed = Take(parsed, _seed, null, Whole(int.MinValue, int.MaxValue), "is not a whole number") ?? Random.Shared.Next(),
            Count = Take(parsed, _count, null, Whole(1, int.MaxValue), "is not a number of pours from 1 on"),
            After = Take(parsed, _after, null, ParseAfter, "is neither a position such as k3x9q2ab-42 nor earliest"),
            Feed = Take(parsed, _feed, null, ParseFeed, "is not one of signalr, websocket, sse") ?? Defaults.Feed,
            SpoolFile = Take(parsed, _spool, null, NotEmpty, "is not a file name"),
            SpoolLimit = Take(parsed, _spoolLimit, null, Whole(1, 10_000_000), "is not a number of pours from 1 to 10000000") ?? Defaults.SpoolLimit,
            ApiKey = ReadKey(parsed),
            Quiet = parsed.GetValue(_quiet),
        };
        if ((long)options.FirstTap + options.Taps - 1 > int.MaxValue)
        {
            _faults.Add($"--tap {options.FirstTap} --taps {options.Taps}: the last tap id would be over {int.MaxValue}");
        }

        return options;
    }

    // The command line wins over the environment; an empty variable counts as not set, as compose files leave them.
    private string? Given(ParseResult parsed, Option<string> option, string? variable, out string source)
    {
        source = option.Name;
        if (parsed.GetResult(option) is { Implicit: false } result)
        {
            // Its own fault was already listed by the parser (no value, or two).
            return result.Errors.Any() || result.Tokens.Count != 1 ? null : result.Tokens[0].Value;
        }

        source = variable ?? option.Name;
        return variable is not null && _environment(variable) is { Length: > 0 } value ? value : null;
    }

    private T? Take<T>(ParseResult parsed, Option<string> option, string? variable, Func<string, T?> parse, string fault, bool secret = false)
    {
        if (Given(parsed, option, variable, out var source) is not { } text)
        {
            return default;
        }

        var value = parse(text);
        if (value is null)
        {
            _faults.Add(secret ? $"{source}: the value {fault}" : $"{source}: '{text}' {fault}");
        }

        return value;
    }

    private string? ReadKey(ParseResult parsed)
    {
        var key = Take(parsed, _apiKey, "BEERTAP_API_KEY", ParseKey, "is not a key (visible ASCII characters only)", secret: true);
        var file = Given(parsed, _apiKeyFile, "BEERTAP_API_KEY_FILE", out var source);
        if (file is null)
        {
            return key;
        }

        if (Given(parsed, _apiKey, "BEERTAP_API_KEY", out var other) is not null)
        {
            _faults.Add($"{source}: the key is given by {other} as well; give one of them");
            return null;
        }

        try
        {
            // An editor, and a shell's redirection, end a file with a line feed.
            key = ParseKey(File.ReadAllText(file).Trim());
            if (key is null)
            {
                _faults.Add($"{source}: '{file}' does not hold a key (visible ASCII characters only)");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _faults.Add($"{source}: {fault.Message}");
        }

        return key;
    }

    private static Func<string, int?> Whole(int least, int most) => text =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null;

    private static TimeSpan? ParseDuration(string text) => Duration.TryParse(text, out var duration) ? duration : null;

    private static string? ParseAfter(string text) =>
        text == Position.Earliest || Position.TryParse(text, out _) ? text : null;

    private static FeedKind? ParseFeed(string text) => text switch
    {
        "signalr" => FeedKind.SignalR,
        "websocket" => FeedKind.WebSocket,
        "sse" => FeedKind.Sse,
        _ => null,
    };

    private static string? NotEmpty(string text) => string.IsNullOrWhiteSpace(text) ? null : text;

    private static string? ParseKey(string text) => text.Length > 0 && text.All(c => c is > ' ' and <= '~') ? text : null;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Option<string> Text(string name, string value, string description, string? byDefault = null)
    {
        var option = new Option<string>(name) { HelpName = value, Description = description };
        if (byDefault is not null)
        {
            option.DefaultValueFactory = _ => byDefault;
        }

        return option;
    }

    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.WriteLine(Examples);
            return code;
        }
    }
}
