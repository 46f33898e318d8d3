using System.Diagnostics;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The server's program run to its end under strace, which makes calls fail or kills it at one.</summary>
internal static class TracedCommand
{
    /// <param name="inject">What strace does, as behind its <c>-e inject=</c>.</param>
    /// <returns>The exit code, 128 and the signal where it was killed, and all that it said.</returns>
    public static async Task<(int Code, string Said)> RunAsync(string trace, string inject, params string[] args)
    {
        string[] strace = ["-f", "-o", trace, "-e", $"trace={inject[..inject.IndexOf(':', StringComparison.Ordinal)]}", "-e", $"inject={inject}"];
        var start = new ProcessStartInfo("strace", [.. strace, "dotnet", Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll"), .. args])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };

        // The runtime's own files would be counted as well.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await output + await errors);
    }
}
