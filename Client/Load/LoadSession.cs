using System.Globalization;
using System.Text.Json;

namespace BeerTap.Client.Load;

/// <summary>A load from its first line to its report and exit code.</summary>
internal sealed class LoadSession(LoadOptions options, TextWriter output, TextWriter error, Terminal? terminal, TimeProvider time)
{
    private const int NotSound = 1, NotDone = 2;

    /// <summary>What was heard is sound, but the pours were fewer, or later, than was asked: their latencies are not those of the rate.</summary>
    private const int TooSlow = 3;

    public async Task<int> RunAsync(CancellationToken asked)
    {
        try
        {
            await using var json = options.JsonFile is { } path ? Open(path) : null;
            var console = new ConsoleReport(output, time, quiet: false);
            var listeners = options.Listeners == 0
                ? "no listeners"
                : string.Create(CultureInfo.InvariantCulture, $"{options.Listeners} listening on {(options.Feeds.Count > 1 ? "each of " : "")}{string.Join(", ", options.Feeds.Select(feed => feed.ToString().ToLowerInvariant()))}");
            var warmUp = options.WarmUp > TimeSpan.Zero ? $" after {Duration.Text(options.WarmUp)} to warm up" : "";
            console.Say(string.Create(
                CultureInfo.InvariantCulture, $"{options.Taps} taps at {options.Server}: {options.Rate} pours/s for {Duration.Text(options.Duration)}{warmUp}, {listeners}"));
            using var run = new LoadRun(options, time);
            var running = run.RunAsync(asked);
            await new LoadProgress(options, run, console, terminal, time).WhileAsync(running);
            var result = await running;
            foreach (var line in LoadReport.Lines(result))
            {
                await output.WriteLineAsync(line);
            }

            if (json is not null)
            {
                json.SetLength(0);
                await JsonSerializer.SerializeAsync(json, result, LoadJson.Default.LoadResult, CancellationToken.None);
            }

            return !result.Sound ? NotSound : !result.KeptTheRate ? TooSlow : 0;
        }
        catch (LoadException fault)
        {
            await error.WriteLineAsync(fault.Message);
            return NotDone;
        }
    }

    // Before a long run, not after it; what the file holds stays until there is something new.
    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new LoadException($"--json: {fault.Message}");
        }
    }
}
