using System.Diagnostics;

namespace BeerTap.Stress.Cluster;

/// <summary>The commands of the server's program that look after a store.</summary>
internal static class StoreCommand
{
    public static Task BackupAsync(string folder, string file, CancellationToken cancel) => RunAsync(["backup", file, $"--Storage:Path={folder}"], cancel);

    /// <summary>Makes a store that goes on where the backup's stood.</summary>
    public static Task RestoreAsync(string file, string folder, CancellationToken cancel) => RunAsync(["restore", file, "--keep-epoch", $"--Storage:Path={folder}"], cancel);

    private static async Task RunAsync(string[] words, CancellationToken cancel)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll");
        using var command = Process.Start(new ProcessStartInfo("dotnet", [program, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = command.StandardError.ReadToEndAsync(cancel);
        await command.StandardOutput.ReadToEndAsync(cancel);
        await command.WaitForExitAsync(cancel);
        if (command.ExitCode != 0) throw new InvalidOperationException($"{words[0]} ended with {command.ExitCode}: {await complaints}");
    }
}
