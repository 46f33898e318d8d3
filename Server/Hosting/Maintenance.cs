using System.Globalization;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>The commands of the server's program that look after a store and end: <c>backup</c>, <c>restore</c> and <c>check</c>.</summary>
internal static class Maintenance
{
    private const int Done = 0, NotSound = 1;

    private const string Text = """
        Usage: beertap backup FILE [--Storage:Path=data]
               beertap restore FILE [--force] [--keep-epoch] [--Storage:Path=data]
               beertap check [FILE] [--Storage:Path=data]

          backup FILE    copies the store to a new file, also while a hub serves it, and checks the copy
          restore FILE   makes a store from a backup, in a folder that holds none
                           --force        also in one that does; its files are kept in a folder beside it
                           --keep-epoch   for moving a store: positions stay valid. Only when nothing was poured since the backup
          check [FILE]   reads a stopped hub's store, or a backup, in full: checksums, positions, totals, pour ids

        A restored store begins a new epoch unless told otherwise: pours made after the backup are lost, and the positions they had will be given
        to others, so every listener is told to reload.
        Exit code: 0 done and sound, 1 not sound, 2 could not be done.

        Examples:
          beertap backup /backups/monday.beertap --Storage:Path=/var/lib/beertap
          beertap check /backups/monday.beertap
          beertap restore /backups/monday.beertap --force --Storage:Path=/var/lib/beertap
          beertap check --Storage:Path=/var/lib/beertap
        """;

    /// <summary>Whether the program is asked for one of them.</summary>
    public static bool IsAsked(string[] args) => args is ["backup" or "restore" or "check", ..];

    /// <summary>Runs it; gives the exit code.</summary>
    public static int Run(string[] args)
    {
        if (args.Any(arg => arg is "--help" or "-h" or "-?"))
        {
            Console.WriteLine(Text);
            return Done;
        }

        try
        {
            return Run(args[0], Arguments.Read(args));
        }
        catch (SettingsException ex)
        {
            return Tell(ex.Message, Refusal.ExitCode);
        }
        catch (StoreException fault)
        {
            return Tell(fault.Message, fault.Fault == StoreFault.Damaged ? NotSound : Refusal.ExitCode);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return Tell(fault.Message, Refusal.ExitCode);
        }
    }

    private static int Run(string command, Arguments asked)
    {
        if (asked.Fault is { } wrong) return Tell(wrong + " See --help.", Refusal.ExitCode);
        if (asked.File is null && command != "check") return Tell($"{command} needs the name of a file. See --help.", Refusal.ExitCode);
        if ((asked.Force || asked.KeepEpoch) && command != "restore") return Tell("--force and --keep-epoch belong to restore. See --help.", Refusal.ExitCode);
        if (!asked.Storage.Provider.Equals("sqlite", StringComparison.OrdinalIgnoreCase))
            return Tell($"{command} knows the sqlite store. For litedb, stop the hub and copy the folder {Path.GetFullPath(asked.Storage.Path)}.", Refusal.ExitCode);
        switch (command)
        {
            case "backup":
                var (epoch, head) = SqliteBackup.Take(asked.Storage, asked.File!, Say);
                Say($"{Path.GetFullPath(asked.File!)} holds epoch {epoch} up to position {head}");
                return Done;
            case "restore":
                var (restored, last, kept) = SqliteBackup.Restore(asked.Storage, asked.File!, asked.Force, asked.KeepEpoch, Say);
                if (kept is not null) Say($"The files that were there are in {kept}");
                Say($"{Path.GetFullPath(asked.Storage.Path)} holds epoch {restored} up to position {last}");
                return Done;
            default:
                var (faults, itsEpoch, itsHead) = SqliteBackup.Check(asked.Storage, asked.File, part => Say("Checking: " + part));
                foreach (var fault in faults) Console.Error.WriteLine(fault);
                Say(faults.Count == 0 ? $"Sound: epoch {itsEpoch} up to position {itsHead}" : "Not sound: restore a backup");
                return faults.Count == 0 ? Done : NotSound;
        }
    }

    private static void Say(string text) => Console.WriteLine(text);

    private static int Tell(string reason, int code)
    {
        Console.Error.WriteLine(reason);
        return code;
    }

    /// <summary>What stands on the command line; the folder of the store is a setting as for the hub.</summary>
    private sealed record Arguments(StorageOptions Storage, string? File, bool Force, bool KeepEpoch, string? Fault)
    {
        public static Arguments Read(string[] args)
        {
            var settings = args.Where(arg => arg.StartsWith($"--{StorageOptions.Section}:", StringComparison.OrdinalIgnoreCase) && arg.Contains('=', StringComparison.Ordinal)).ToArray();
            string[] rest = [.. args.Skip(1).Except(settings)];
            string[] files = [.. rest.Where(arg => !arg.StartsWith('-'))];
            var unknown = rest.FirstOrDefault(arg => arg.StartsWith('-') && arg is not ("--force" or "--keep-epoch"));
            var storage = ConfigurationFile.OfCommand(settings)
                .GetSection(StorageOptions.Section)
                .Get<StorageOptions>() ?? new StorageOptions();
            return new Arguments(
                storage,
                files.FirstOrDefault(),
                rest.Contains("--force"),
                rest.Contains("--keep-epoch"),
                unknown is not null ? $"{unknown} is not an option." : files.Length > 1 ? string.Create(CultureInfo.InvariantCulture, $"{files.Length} files are named; it takes one.") : null);
        }
    }
}
