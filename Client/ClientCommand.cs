using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using BeerTap.Client.Load;

namespace BeerTap.Client;

/// <summary>The command line: the taps, and the command <c>load</c>.</summary>
internal sealed class ClientCommand
{
    private const string Examples = """
        Examples:
          BeerTap.Client                                       one tap, a pour about every 2 s, until Ctrl-C
          BeerTap.Client --taps 3 --every 500ms                taps 1, 2 and 3
          BeerTap.Client --taps 100 --watch                    a hundred taps, and a table of how the house stands
          BeerTap.Client --taps 0 --watch                      the table alone
          BeerTap.Client --tap 7 --spool tap7.spool            keeps what was not acknowledged across a kill
          BeerTap.Client --taps 50 --count 20 --every 0 --seed 1   a repeatable run, then a summary
          BeerTap.Client --after earliest --feed sse           hears everything from the first pour on
          BeerTap.Client load --rate 500 --duration 30s        measures the hub; 'load --help' has more

        Exit code: 0 every pour is stored and the feed kept its promise; 1 a pour is not stored (refused, or not acknowledged:
        each is in the spool, in FILE.rejected or, without --spool, named at the end), or the feed had gaps; 2 could not begin.
        """;

    private static readonly ClientOptions Defaults = new();

    private readonly Func<string, string?> _environment;
    private readonly RootCommand _root = new("Plays beer taps: measures pours, posts them to a BeerTap hub, and tells what the hub's feed says.");
    private readonly HubOptions _hub = new();
    private readonly LoadCommand _load;

    private readonly Option<string> _tap = Arguments.Text("--tap", "ID", "Id of the first tap, 1 or more [env: TAP_ID]", Arguments.Number(Defaults.FirstTap));
    private readonly Option<string> _taps = Arguments.Text(
        "--taps", "N",
        "How many taps to play, with ids from --tap on, 1 to 10000; 0: only listen", Arguments.Number(Defaults.Taps));
    private readonly Option<string> _every = Arguments.Text(
        "--every", "DURATION",
        "Mean time between two pours of a tap: 500ms, 2s, 1m; 0: the next as soon as the last is acknowledged", Duration.Text(Defaults.Every));
    private readonly Option<string> _seed = Arguments.Text(
        "--seed", "INT",
        "Makes the volumes repeatable; when not given, one is made up and printed");
    private readonly Option<string> _count = Arguments.Text(
        "--count", "N",
        "Pours per tap, then wait until they are acknowledged and heard, and end; when not given, no end");
    private readonly Option<string> _after = Arguments.Text(
        "--after", "POSITION",
        "Where to start listening: a position such as k3x9q2ab-42, or earliest; when not given, from now on");
    private readonly Option<string> _feed = Arguments.Text("--feed", "KIND", "How to listen: signalr, websocket or sse", "signalr");
    private readonly Option<string> _spool = Arguments.Text(
        "--spool", "FILE",
        "Keep unacknowledged pours in this file, so that they survive a kill of this client; pours that the hub refuses for good go to FILE.rejected");
    private readonly Option<string> _spoolLimit = Arguments.Text(
        "--spool-limit", "N",
        "Most unacknowledged pours to keep, in memory and in the spool, over all taps; at the limit taps stop pouring", Arguments.Number(Defaults.SpoolLimit));
    private readonly Option<bool> _watch = new("--watch")
    {
        Description = "Show taps, shares, rates and the last pours as a table; where the output is no terminal, in a line every few seconds",
    };

    private readonly Option<bool> _quiet = new("--quiet") { Description = "Say nothing of pours and reports, only of trouble, and the summary" };

    public ClientCommand(Func<string, string?> environment)
    {
        _environment = environment;
        _load = new LoadCommand(_hub);
        Option[] own = [_tap, _taps, _every, _seed, _count, _after, _feed, _spool, _spoolLimit, _watch, _quiet];
        foreach (var option in _hub.All.Take(1).Concat(own).Concat(_hub.All.Skip(1)))
        {
            _root.Options.Add(option);
        }

        _root.Subcommands.Add(_load.Command);

        // Never run: without one, a command that has others below it asks for one of them.
        _root.SetAction(static _ => 0);
        foreach (var help in _root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!, _load.Command);
        }
    }

    /// <summary>Runs what the command line asks for: help, the taps, a load, or one line on <paramref name="error"/> for each fault and exit code 2.</summary>
    public async Task<int> InvokeAsync(
        string[] args,
        TextWriter error,
        Func<ClientOptions, CancellationToken, Task<int>> play,
        Func<LoadOptions, CancellationToken, Task<int>> load,
        CancellationToken stopping)
    {
        // A leading @ is part of a key or a file name here, not a file of more options.
        var parsed = _root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count == 0 && parsed.Action is not null && parsed.Action != _root.Action)
        {
            return await parsed.InvokeAsync(cancellationToken: stopping);
        }

        var given = new Arguments(parsed, _environment);
        if (parsed.CommandResult.Command == _load.Command)
        {
            var options = _load.Read(given);
            return await FaultsAsync(given, error) ? 2 : await load(options, stopping);
        }
        else
        {
            var options = Read(given);
            return await FaultsAsync(given, error) ? 2 : await play(options, stopping);
        }
    }

    private static async Task<bool> FaultsAsync(Arguments given, TextWriter error)
    {
        foreach (var fault in given.Faults)
        {
            await error.WriteLineAsync(ConsoleReport.Printable(fault));
        }

        return given.Faults.Count > 0;
    }

    private ClientOptions Read(Arguments given)
    {
        var options = new ClientOptions
        {
            Server = _hub.Server(given),
            FirstTap = given.Take(_tap, "TAP_ID", Arguments.Whole(1, int.MaxValue), "is not a tap id (a whole number from 1 on)") ?? Defaults.FirstTap,
            Taps = given.Take(_taps, null, Arguments.Whole(0, ClientOptions.MostTaps), $"is not a number of taps from 0 to {ClientOptions.MostTaps}") ?? Defaults.Taps,
            Every = given.Take(_every, null, Arguments.ParseDuration, "is not a duration such as 500ms, 2s, 1m or 0 (at most 24h)") ?? Defaults.Every,
            Seed = given.Take(_seed, null, Arguments.Whole(int.MinValue, int.MaxValue), "is not a whole number") ?? Random.Shared.Next(),
            Count = given.Take(_count, null, Arguments.Whole(1, int.MaxValue), "is not a number of pours from 1 on"),
            After = given.Take(_after, null, ParseAfter, "is neither a position such as k3x9q2ab-42 nor earliest"),
            Feed = given.Take(_feed, null, Arguments.ParseFeed, "is not one of signalr, websocket, sse") ?? Defaults.Feed,
            SpoolFile = given.Take(_spool, null, Arguments.NotEmpty, "is not a file name"),
            SpoolLimit = given.Take(_spoolLimit, null, Arguments.Whole(1, 10_000_000), "is not a number of pours from 1 to 10000000") ?? Defaults.SpoolLimit,
            ApiKey = _hub.ApiKey(given),
            ApiKeyFile = _hub.ApiKeyFile(given),
            Trusted = _hub.Trusted(given),
            Watch = given.Has(_watch),
            Quiet = given.Has(_quiet),
        };
        if ((long)options.FirstTap + options.Taps - 1 > int.MaxValue)
        {
            given.Faults.Add($"--tap {options.FirstTap} --taps {options.Taps}: the last tap id would be over {int.MaxValue}");
        }

        if (options is { Taps: 0, Count: not null })
        {
            given.Faults.Add("--count: with --taps 0 nothing is poured that could be counted");
        }

        return options;
    }

    private static string? ParseAfter(string text) =>
        text == Position.Earliest || Position.TryParse(text, out _) ? text : null;

    private sealed class HelpWithExamples(HelpAction help, Command load) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.WriteLine(parseResult.CommandResult.Command == load ? LoadCommand.Examples : Examples);
            return code;
        }
    }
}
