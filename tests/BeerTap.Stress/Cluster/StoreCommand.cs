using System.Diagnostics;

namespace BeerTap.Stress.Cluster;

/// <summary>The commands of the server's program that look after a store, and after a hub.</summary>
internal static class StoreCommand
{
    public static Task BackupAsync(string folder, string file, CancellationToken cancel) => RunAsync(["backup", file, $"--Storage:Path={folder}"], cancel);

    /// <summary>Makes a store that goes on where the backup's stood.</summary>
    public static Task RestoreAsync(string file, string folder, CancellationToken cancel) => RunAsync(["restore", file, "--keep-epoch", $"--Storage:Path={folder}"], cancel);

    /// <summary>Makes an operator's key and gives its text.</summary>
    public static async Task<string> OperatorKeyAsync(string folder, CancellationToken cancel) =>
        (await RunAsync(["keys", "add", "--role", "operator", $"--Storage:Path={folder}"], cancel)).Trim();

    /// <summary>Asks a hub to go away and to send its listeners to another.</summary>
    public static Task DrainAsync(Uri hub, Uri to, string key, CancellationToken cancel) => RunAsync(["drain", $"--hub={hub}", $"--to={to}", $"--key={key}"], cancel);

    private static async Task<string> RunAsync(string[] words, CancellationToken cancel)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll");
        using var command = Process.Start(new ProcessStartInfo("dotnet", [program, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = command.StandardError.ReadToEndAsync(cancel);
        var said = await command.StandardOutput.ReadToEndAsync(cancel);
        await command.WaitForExitAsync(cancel);
        return command.ExitCode == 0 ? said : throw new InvalidOperationException($"{words[0]} ended with {command.ExitCode}: {await complaints}");
    }
}
