using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace BeerTap.Processes;

/// <summary>A program that a shell turns into, with what the shell sets up before: ignored signals, closed or redirected outputs.</summary>
internal sealed class ShellProgram : IAsyncDisposable
{
    public const int HangUp = 1, Interrupt = 2, Quit = 3, Terminate = 15;

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    /// <param name="script">Ends with <c>exec "$@"</c>, so that the process id is the program's own.</param>
    /// <param name="program">A .NET assembly in the folder of the test.</param>
    public ShellProgram(string script, string program, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo("bash", ["-c", script, "bash", "dotnet", Path.Combine(AppContext.BaseDirectory, program), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>What it wrote to standard output and standard error.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    public void Send(int signal)
    {
        if (!_process.HasExited)
        {
            _ = Signal(_process.Id, signal);
        }
    }

    /// <summary>Its exit code, once it has ended; 128 and the signal's number where a signal ended it.</summary>
    public async Task<int> EndedAsync(TimeSpan patience)
    {
        using var end = new CancellationTokenSource(patience);
        await _process.WaitForExitAsync(end.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);

    private void Keep(string? line)
    {
        lock (_output)
        {
            if (line is not null)
            {
                _output.AppendLine(line);
            }
        }
    }
}
