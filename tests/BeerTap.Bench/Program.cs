using System.CommandLine;
using System.Diagnostics;
using BeerTap.Bench.Benches;
using BeerTap.Bench.Peers;

namespace BeerTap.Bench;

/// <summary>Measures the hub beside its peers, on one core, and proves what it measured. See docs/performance.md.</summary>
internal static class Program
{
    private const int CannotRun = 2;

    private const string Examples = """
        Measures the hub beside its peers: server on core 0, load on core 1, everything proved before a figure counts.

        Examples:
          dotnet run -c Release --project tests/BeerTap.Bench -- all
          dotnet run -c Release --project tests/BeerTap.Bench -- all --quick
          dotnet run -c Release --project tests/BeerTap.Bench -- saturation latency --runs 3
          dotnet run -c Release --project tests/BeerTap.Bench -- all --json bench.json --svg docs/performance.svg
          dotnet run -c Release --project tests/BeerTap.Bench -- growth --beers 10000 1000000
          dotnet run -c Release --project tests/BeerTap.Bench -- saturation --original "python3 server.py --port={port}"
        """;

    private static readonly Bench[] Benches = [new Saturation(), new Posts(), new Latency(), new Batch(), new Resume(), new IdleMemory(), new Growth(), new Stores(), new Sharing()];

    private static readonly Argument<string[]> Names = new("benches")
    {
        Description = "all, or some of: " + string.Join(", ", Benches.Select(bench => bench.Name)),
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<int> Runs = new("--runs") { Description = "Figures are medians of so many runs [default: 5; quick: 1]" };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long each measurement lasts [default: 5; quick: 3]" };
    private static readonly Option<bool> Quick = new("--quick") { Description = "A short form, judged by gates on ratios within the run; for CI" };
    private static readonly Option<bool> Patient = new("--patient") { Description = "Waits for other work on the machine to pause, and measures again what it disturbed" };
    private static readonly Option<string> Original = new("--original") { Description = "Starts the original system on a port: \"COMMAND {port}\"" };
    private static readonly Option<long[]> Beers = new("--beers")
    {
        Description = "growth: sizes of the store [default: 10000 1000000 10000000; quick: 10000 200000]",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> Json = new("--json") { Description = "Writes all figures of all runs to a file" };
    private static readonly Option<string> Along = new("--along") { Description = "Takes the other benches' figures of an earlier run along, from its --json" };
    private static readonly Option<string> Svg = new("--svg") { Description = "Draws the figures to a file" };

    public static async Task<int> Main(string[] args)
    {
        if (args is [ControlServer.Command, var port]) return await ControlServer.RunAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture));
        var root = new RootCommand(Examples) { Names, Runs, Seconds, Quick, Patient, Original, Beers, Json, Along, Svg };
        Names.AcceptOnlyFromAmong(["all", .. Benches.Select(bench => bench.Name)]);
        root.SetAction(RunAsync);
        return await root.Parse(args).InvokeAsync();
    }

    private static async Task<int> RunAsync(ParseResult options, CancellationToken cancel)
    {
        if (Machine.Lack() is { } lack)
        {
            await Console.Error.WriteLineAsync(lack);
            return CannotRun;
        }

        var earlier = options.GetValue(Along) is { } file ? Report.Read(await File.ReadAllTextAsync(file, cancel)) : [];
        Machine.TakeLoadCore();
        var (names, plan, board) = (options.GetValue(Names)!, PlanOf(options), new Board());
        foreach (var bench in Benches.Where(bench => names.Contains("all") || names.Contains(bench.Name)))
        {
            Console.WriteLine($"== {bench.Name}: {bench.Question}");
            var began = Stopwatch.GetTimestamp();
            board.Begin();
            try
            {
                await bench.RunAsync(plan, board, cancel);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                // A bench that breaks off has failed; the others still run.
                board.Check(false, $"{bench.Name} broke off: {fault}");
            }

            Console.WriteLine(FormattableString.Invariant($"   {bench.Name} took {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s"));
        }

        if (plan.Quick) Gates.Judge(board);
        board.TakeAlong(earlier);
        board.Print();
        if (options.GetValue(Json) is { } json) await File.WriteAllTextAsync(json, Report.Of(board, plan, TimeProvider.System.GetUtcNow()), cancel);
        if (options.GetValue(Svg) is { } svg) await File.WriteAllTextAsync(svg, Chart.Of(board, $"BeerTap on one core, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}: medians of {plan.Runs}{(earlier.Count > 0 ? " beside those of an earlier run" : "")}; lines are targets"), cancel);
        Console.WriteLine($"{board.Passed} passed, {board.Failed} failed");
        return board.Failed == 0 ? 0 : 1;
    }

    private static Plan PlanOf(ParseResult options)
    {
        var quick = options.GetValue(Quick);
        var (runs, seconds, beers) = (options.GetValue(Runs), options.GetValue(Seconds), options.GetValue(Beers));
        return new Plan(
            quick,
            options.GetValue(Patient),
            runs > 0 ? runs : quick ? 1 : 5,
            TimeSpan.FromSeconds(quick ? 4 : 12),
            TimeSpan.FromSeconds(seconds > 0 ? seconds : quick ? 3 : 5),
            options.GetValue(Original),
            beers is { Length: > 0 } ? beers : quick ? [10_000, 200_000] : [10_000, 1_000_000, 10_000_000]);
    }
}
