using System.Runtime.InteropServices;
using BeerTap.Client;
using BeerTap.Client.Load;
using BeerTap.Client.Watch;

using var stopping = new CancellationTokenSource();
long? first = null;
var terminal = Terminal.Find();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

using var sleep = terminal is null || OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGTSTP, terminal.Sleep);
using var wake = terminal is null || OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => terminal.ComeBack());
return await new ClientCommand(Environment.GetEnvironmentVariable).InvokeAsync(args, Console.Error, PlayAsync, LoadAsync, stopping.Token);

async Task<int> PlayAsync(ClientOptions options, CancellationToken stopping)
{
    var console = new ConsoleReport(Console.Out, TimeProvider.System, options.Quiet, terminal);
    try
    {
        return options.Watch ? await WatchAsync(options, console, stopping) : await new Simulation(options, console, TimeProvider.System).RunAsync(stopping);
    }
    catch (SpoolException fault)
    {
        await Console.Error.WriteLineAsync(fault.Message);
        return 2;
    }
}

async Task<int> WatchAsync(ClientOptions options, ConsoleReport console, CancellationToken stopping)
{
    using var http = new HubConnections(options.Server, options.ApiKey);
    var watch = new WatchReport(options.Server, console, terminal, TimeProvider.System);
    return await watch.WhileAsync(report => new Simulation(options, report, TimeProvider.System).RunAsync(stopping), http.Streams);
}

Task<int> LoadAsync(LoadOptions options, CancellationToken stopping) =>
    new LoadSession(options, Console.Out, Console.Error, terminal, TimeProvider.System).RunAsync(stopping);

// The first signal closes the taps in good order; a later one ends the process as the system would. Within a second it is
// the same one: a terminal and a supervisor both pass on what was typed once.
void Stop(PosixSignalContext signal)
{
    first ??= TimeProvider.System.GetTimestamp();
    signal.Cancel = TimeProvider.System.GetElapsedTime(first.Value) < TimeSpan.FromSeconds(1);
    if (!signal.Cancel)
    {
        terminal?.GoBack(away: true);
    }

    stopping.Cancel();
}
