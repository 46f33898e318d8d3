using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace BeerTap.Server.Hosting;

/// <summary>Asks a running hub to drain and end, from the command line: <c>drain</c>.</summary>
internal static class DrainCommand
{
    public const string Name = "drain";
    public const string KeyVariable = "BEERTAP_KEY";

    private const int Done = 0, Refused = 1;

    private const string Help = """
        Asks a running hub to drain and end: it is not ready at once, tells its listeners to come back, each at a moment of its own, answers the posts
        that are under way, and ends with exit code 0. What supervises it must not start it again: Restart=on-failure, or a task that is taken away.

        Usage: beertap drain [--to URL] [--hub URL] [--key KEY]

          --to URL     where its listeners are sent, such as a hub that shares its log; the hub then stays for Live:DrainSpread (5 s), so that
                       one that was away is told too. Without it they come back to the same address
          --hub URL    the hub [default: the address that a hub with the same settings listens at]
          --key KEY    an operator's key; better in the environment, where no list of processes shows it: BEERTAP_KEY

        Examples:
          BEERTAP_KEY=$(cat operator.key) beertap drain --to https://bar2.example
          BEERTAP_KEY=$(cat operator.key) beertap drain --hub http://10.0.0.7:8338 --to http://10.0.0.8:8338

        Exit code: 0 the hub drains, 1 it refused, 2 it could not be asked.
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter words)
    {
        if (args.Any(arg => arg is "--help" or "-h" or "-?"))
        {
            await answer.WriteLineAsync(Help);
            return Done;
        }

        var faults = new List<string>();
        var given = Read(args, faults);
        var hub = HubOf(given, faults);
        var to = given.GetValueOrDefault("--to");
        var key = given.GetValueOrDefault("--key") ?? Environment.GetEnvironmentVariable(KeyVariable);
        if (to is not null && DrainApi.AddressOf(to) is null) faults.Add("--to must be an http or https URL without user, query or fragment, such as https://bar.example.");
        if (string.IsNullOrWhiteSpace(key)) faults.Add($"An operator's key is needed: in {KeyVariable}, or --key KEY.");
        if (faults.Count == 0) return await AskAsync(new Uri(hub!.TrimEnd('/') + '/'), to, key!.Trim(), answer, words);
        foreach (var fault in faults) await words.WriteLineAsync(fault);
        return Refusal.ExitCode;
    }

    private static string? HubOf(Dictionary<string, string> given, List<string> faults)
    {
        try
        {
            if (!given.TryGetValue("--hub", out var said)) return Addresses.Nearest(given.TryGetValue("--urls", out var urls) ? [$"--urls={urls}"] : []).AbsoluteUri;
            if (DrainApi.AddressOf(said) is { } hub) return hub;
            faults.Add("--hub must be an http or https URL, such as http://localhost:8338.");
        }
        catch (Exception fault) when (fault is FormatException or SettingsException)
        {
            faults.Add(fault.Message);
        }

        return null;
    }

    private static Dictionary<string, string> Read(string[] args, List<string> faults)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].IndexOf('=', StringComparison.Ordinal) is var equals and > 0 ? (args[i][..equals], args[i][(equals + 1)..]) : (args[i], null);
            var isKnown = name is "--to" or "--hub" or "--key" or "--urls";
            if (isKnown) value ??= i + 1 < args.Length ? args[++i] : null;
            if (!isKnown) faults.Add($"{name} is not an option of 'drain'; 'drain --help' lists them.");
            else if (value is null) faults.Add($"{name} needs a value.");
            else if (!given.TryAdd(name, value)) faults.Add($"{name} is there more than once.");
        }

        return given;
    }

    private static async Task<int> AskAsync(Uri hub, string? to, string key, TextWriter answer, TextWriter words)
    {
        using var http = new HttpClient { BaseAddress = hub, Timeout = Patience };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using var body = JsonContent.Create(new NewDrain(to), BeerTapJson.Default.NewDrain);
            await body.LoadIntoBufferAsync();
            using var said = await http.PostAsync("api/drain", body);
            var text = await said.Content.ReadAsStringAsync();
            await (said.IsSuccessStatusCode ? answer : words).WriteLineAsync($"{hub}: {(int)said.StatusCode} {Printable.Escape(text)}");
            return said.IsSuccessStatusCode ? Done : Refused;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException or FormatException)
        {
            await words.WriteLineAsync($"{hub}: {fault.Message}");
            return Refusal.ExitCode;
        }
    }
}
