using System.Diagnostics;

namespace BeerTap.Processes;

/// <summary>The tap simulator as a process of its own.</summary>
internal static class ClientProcess
{
    /// <summary>Runs it to its end; gives its exit code and all it said.</summary>
    public static async Task<(int Code, string Said)> RunAsync(Uri hub, IEnumerable<string> options, CancellationToken cancel)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "BeerTap.Client.dll");
        using var client = Process.Start(new ProcessStartInfo("dotnet", [program, $"--server={hub}", .. options]) { RedirectStandardOutput = true })!;
        try
        {
            var said = await client.StandardOutput.ReadToEndAsync(cancel);
            await client.WaitForExitAsync(cancel);
            return (client.ExitCode, said);
        }
        finally
        {
            if (!client.HasExited) client.Kill();
        }
    }
}
