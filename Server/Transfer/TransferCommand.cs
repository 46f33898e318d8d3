using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary>Pours out of a store and into one, on the command line: <c>export</c> and <c>import</c>.</summary>
internal static class TransferCommand
{
    private const int NotSound = 1;

    public static bool IsAsked(string[] args) => args is [ExportCommand.Name or ImportCommand.Name, ..];

    /// <summary>Runs it; gives the exit code. Only what is exported goes to standard output.</summary>
    public static int Run(string[] args)
    {
        var command = args[0];
        if (args.Any(arg => arg is "--help" or "-h" or "-?"))
        {
            Console.WriteLine(command == ExportCommand.Name ? ExportCommand.Help : ImportCommand.Help);
            return 0;
        }

        var progress = new Progress(Console.Error, TimeProvider.System, Console.IsErrorRedirected);
        try
        {
            var line = TransferLine.Read(command, args[1..]);
            return command == ExportCommand.Name ? ExportCommand.Run(line, progress) : ImportCommand.Run(line, progress, TimeProvider.System);
        }
        catch (SettingsException fault)
        {
            foreach (var one in fault.Faults) progress.Say(one);
            return Refusal.ExitCode;
        }
        catch (StoreException fault)
        {
            progress.Say(fault.Message);
            return fault.Fault == StoreFault.Damaged ? NotSound : Refusal.ExitCode;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            progress.Say(fault.Message);
            return Refusal.ExitCode;
        }
    }
}
