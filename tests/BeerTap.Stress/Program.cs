using System.CommandLine;
using System.Runtime.InteropServices;
using BeerTap.Stress.Fuzz;
using BeerTap.Stress.Scenarios;

namespace BeerTap.Stress;

/// <summary>Puts a hub under load and faults, and proves what must hold. See docs/testing.md.</summary>
internal static class Program
{
    private static readonly Scenario[] Scenarios = [new Steady(), new Neighbours(), new Drain(), new Return(), new Storm(), new Spool(), new Fuzzing()];

    public static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        var root = new RootCommand("Puts a hub of its own under load and faults, and proves what must hold.");
        foreach (var scenario in Scenarios)
        {
            var command = scenario.Command();
            command.SetAction((parsed, cancel) => RunAsync([scenario], parsed, stop.Token));
            root.Subcommands.Add(command);
        }

        var all = new Command("all", "Every scenario, in its short form");
        all.SetAction((parsed, cancel) => RunAsync(Scenarios, parsed, stop.Token));
        root.Subcommands.Add(all);
        return await root.Parse(args).InvokeAsync();

        // A scenario that breaks off takes its hubs with it.
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<int> RunAsync(Scenario[] scenarios, ParseResult options, CancellationToken cancel)
    {
        var verdict = new Verdict();
        foreach (var scenario in scenarios.TakeWhile(_ => !cancel.IsCancellationRequested)) await verdict.JudgeAsync(scenario, options, cancel);
        Console.WriteLine($"{verdict.Passed} passed, {verdict.Failed} failed");
        return verdict.Failed == 0 ? 0 : 1;
    }
}
