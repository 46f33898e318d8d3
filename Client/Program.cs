using System.Runtime.InteropServices;
using BeerTap.Client;

using var stopping = new CancellationTokenSource();
long? first = null;
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await new ClientCommand(Environment.GetEnvironmentVariable).InvokeAsync(args, Console.Error, RunAsync, stopping.Token);

static async Task<int> RunAsync(ClientOptions options, CancellationToken stopping)
{
    var report = new ConsoleReport(Console.Out, TimeProvider.System, options.Quiet);
    try
    {
        return await new Simulation(options, report, TimeProvider.System).RunAsync(stopping);
    }
    catch (SpoolException fault)
    {
        await Console.Error.WriteLineAsync(fault.Message);
        return 2;
    }
}

// The first signal closes the taps in good order; a later one ends the process as the system would. Within a second it is
// the same one: a terminal and a supervisor both pass on what was typed once.
void Stop(PosixSignalContext signal)
{
    first ??= TimeProvider.System.GetTimestamp();
    signal.Cancel = TimeProvider.System.GetElapsedTime(first.Value) < TimeSpan.FromSeconds(1);
    stopping.Cancel();
}
