using System.CommandLine;
using System.Globalization;

namespace BeerTap.Client.Load;

/// <summary>The command <c>load</c> and its options.</summary>
internal sealed class LoadCommand
{
    public const string Examples = """
        Examples:
          BeerTap.Client load                                        10 taps, 100 pours/s for 10 s, one listener on each feed
          BeerTap.Client load --taps 100 --rate 1000 --duration 1m   a hundred taps, 1000 pours/s together
          BeerTap.Client load --listeners 200 --feed websocket       200 listeners over plain WebSockets
          BeerTap.Client load --listeners 0                          posts alone
          BeerTap.Client load --rate 500 --json load.json            the result for a script as well

        Exit code: 0 when every acknowledged pour was heard by every listener once and in order, at the rate that was asked; 1 when one was
        lost or doubled, or none was acknowledged; 2 when the options are wrong, the hub is not there or does not let these taps pour; 3 when
        nothing was lost or doubled, but the rate could not be kept: pours were not sent by the end, or over 1 in 100 began over 10 ms late.
        """;

    private static readonly LoadOptions Defaults = new() { Server = new ClientOptions().Server };

    private readonly HubOptions _hub;
    private readonly Option<string> _tap = Arguments.Text("--tap", "ID", "Id of the first tap", Arguments.Number(Defaults.FirstTap));
    private readonly Option<string> _taps = Arguments.Text("--taps", "N", "How many taps pour, by turns", Arguments.Number(Defaults.Taps));
    private readonly Option<string> _rate = Arguments.Text(
        "--rate", "R", "Pours a second, all taps together, by a fixed schedule whether or not the hub keeps up", Arguments.Number((int)Defaults.Rate));
    private readonly Option<string> _duration = Arguments.Text("--duration", "DURATION", "How long is measured: 30s, 5m", BeerTap.Client.Duration.Text(Defaults.Duration));
    private readonly Option<string> _warmUp = Arguments.Text(
        "--warm-up", "DURATION", "Poured before that at the same rate: proved like the rest, but not measured", BeerTap.Client.Duration.Text(Defaults.WarmUp));
    private readonly Option<string> _listeners = Arguments.Text(
        "--listeners", "L", "Listeners on each feed, that prove what they hear; 0: none", Arguments.Number(Defaults.Listeners));
    private readonly Option<string> _feed = Arguments.Text("--feed", "KINDS", "The feeds to listen on: signalr, websocket, sse, or several with commas", "signalr,websocket,sse");
    private readonly Option<string> _inFlight = Arguments.Text(
        "--in-flight", "N", "Posts under way at the same time, at most; a pour that finds no place waits, and its wait counts", Arguments.Number(Defaults.InFlight));
    private readonly Option<string> _json = Arguments.Text("--json", "FILE", "Write the result to this file as JSON too");

    public LoadCommand(HubOptions hub)
    {
        _hub = hub;
        foreach (var option in hub.All.Take(1).Concat([_tap, _taps, _rate, _duration, _warmUp, _listeners, _feed, _inFlight, _json]).Concat(hub.All.Skip(1)))
        {
            Command.Options.Add(option);
        }
    }

    public Command Command { get; } = new("load", "Pours at a set rate, listens, and reports latencies, and what was lost or doubled.");

    public LoadOptions Read(Arguments given)
    {
        var options = new LoadOptions
        {
            Server = _hub.Server(given),
            FirstTap = given.Take(_tap, null, Arguments.Whole(1, int.MaxValue), "is not a tap id (a whole number from 1 on)") ?? Defaults.FirstTap,
            Taps = given.Take(_taps, null, Arguments.Whole(1, LoadOptions.MostTaps), $"is not a number of taps from 1 to {LoadOptions.MostTaps}") ?? Defaults.Taps,
            Rate = given.Take(_rate, null, ParseRate, $"is not a number of pours a second, over 0 to {LoadOptions.MostPerSecond}") ?? Defaults.Rate,
            Duration = given.Take(_duration, null, ParseLength, "is not a duration such as 30s or 5m (at most 24h)") ?? Defaults.Duration,
            WarmUp = given.Take(_warmUp, null, Arguments.ParseDuration, "is not a duration such as 2s, or 0 (at most 24h)") ?? Defaults.WarmUp,
            Listeners = given.Take(_listeners, null, Arguments.Whole(0, LoadOptions.MostListeners), $"is not a number of listeners from 0 to {LoadOptions.MostListeners}") ?? Defaults.Listeners,
            Feeds = given.Take(_feed, null, ParseFeeds, "is not signalr, websocket or sse, or several of them with commas") ?? Defaults.Feeds,
            InFlight = given.Take(_inFlight, null, Arguments.Whole(1, LoadOptions.MostInFlight), $"is not a number of posts from 1 to {LoadOptions.MostInFlight}") ?? Defaults.InFlight,
            JsonFile = given.Take(_json, null, Arguments.NotEmpty, "is not a file name"),
            ApiKey = _hub.ApiKey(given),
            Trusted = _hub.Trusted(given),
        };
        if ((long)options.FirstTap + options.Taps - 1 > int.MaxValue)
        {
            given.Faults.Add($"--tap {options.FirstTap} --taps {options.Taps}: the last tap id would be over {int.MaxValue}");
        }

        var pours = options.Rate * (options.Duration + options.WarmUp).TotalSeconds;
        if (pours is < 1 or > PourNumbers.Most)
        {
            given.Faults.Add(string.Create(CultureInfo.InvariantCulture, $"--rate {options.Rate} --duration {BeerTap.Client.Duration.Text(options.Duration)}: that is not from 1 to {PourNumbers.Most} pours"));
        }

        return options;
    }

    private static double? ParseRate(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate is > 0 and <= LoadOptions.MostPerSecond ? rate : null;

    private static TimeSpan? ParseLength(string text) => Arguments.ParseDuration(text) is { } length && length > TimeSpan.Zero ? length : null;

    private static List<FeedKind>? ParseFeeds(string text)
    {
        var kinds = text.Split(',').Select(Arguments.ParseFeed).ToList();
        return kinds.TrueForAll(kind => kind is not null) ? [.. kinds.OfType<FeedKind>().Distinct()] : null;
    }
}
