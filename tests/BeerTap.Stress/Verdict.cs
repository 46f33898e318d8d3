using System.CommandLine;
using System.Diagnostics;

namespace BeerTap.Stress;

/// <summary>Counts what held and what did not, and prints each as a line.</summary>
internal sealed class Verdict
{
    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public async Task JudgeAsync(Scenario scenario, ParseResult options, CancellationToken cancel)
    {
        Console.WriteLine($"== {scenario.Name}: {scenario.Promise}");
        var began = Stopwatch.GetTimestamp();
        try
        {
            await scenario.RunAsync(options, this, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Check(false, $"{scenario.Name} was stopped before it had shown anything");
        }
        catch (Exception fault)
        {
            // A scenario that breaks off has failed; the others still run.
            Check(false, $"{scenario.Name} broke off: {fault}");
        }

        Say($"{scenario.Name} took {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    /// <summary>One thing that must hold.</summary>
    public void Check(bool holds, string what)
    {
        if (holds) Passed++;
        else Failed++;
        Console.WriteLine($"{(holds ? "ok" : "FAILED")}: {what}");
    }

    /// <summary>A figure, or how far it is.</summary>
    public static void Say(string what) => Console.WriteLine($"   {what}");
}
