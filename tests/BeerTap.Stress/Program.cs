using System.CommandLine;
using System.Runtime.InteropServices;
using BeerTap.Processes;
using BeerTap.Stress.Fuzz;
using BeerTap.Stress.Scenarios;

namespace BeerTap.Stress;

/// <summary>Puts a hub under load and faults, and proves what must hold. See docs/testing.md.</summary>
internal static class Program
{
    private static readonly Scenario[] Scenarios =
    [
        new Steady(), new Neighbours(), new Drain(), new RestartEventSource(), new Return(), new Storm(), new Spool(), new FlushFails(), new Descriptors(),
        new Readers(),
        new Fuzzing(),
    ];

    /// <summary>These need RabbitMQ, and one of them nginx.</summary>
    private static readonly Scenario[] OfSeveralHubs = [new ClusterTogether(), new ClusterKill(), new ClusterBrokers(), new ClusterFresh(), new ClusterMove(), new ClusterUpgrade()];

    public static async Task<int> Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        var root = new RootCommand("Puts a hub of its own under load and faults, and proves what must hold.");
        foreach (var scenario in Scenarios.Concat(OfSeveralHubs))
        {
            var command = scenario.Command();
            command.SetAction((parsed, cancel) => RunAsync([scenario], parsed, stop.Token));
            root.Subcommands.Add(command);
        }

        AddAll("all", "Every scenario of one hub, in its short form", Scenarios);
        AddAll("cluster-all", "Every scenario of several hubs, in its short form", OfSeveralHubs);
        return await root.Parse(args).InvokeAsync();

        void AddAll(string name, string promise, Scenario[] scenarios)
        {
            var all = new Command(name, promise);
            all.SetAction((parsed, cancel) => RunAsync(scenarios, parsed, stop.Token));
            root.Subcommands.Add(all);
        }

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
