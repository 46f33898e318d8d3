using System.Diagnostics;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The server's program, run to its end.</summary>
internal static class HubCommand
{
    public static Task<(int Code, string Output, string Errors)> RunAsync(params string[] args) => RunProgramAsync(Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll"), args);

    /// <param name="program">The program's file, such as a copy in another folder.</param>
    public static async Task<(int Code, string Output, string Errors)> RunProgramAsync(string program, params string[] args)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, .. args])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output, await errors);
    }
}
