using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BeerTap.Processes;

/// <summary>Makes every flush of a running process fail, from when it is attached until it is disposed of. Needs strace, and the right to trace.</summary>
internal sealed class FailingFlushes : IAsyncDisposable
{
    public const string Calls = "fsync,fdatasync";

    private const int SigInt = 2;

    private readonly Process _strace;

    private FailingFlushes(Process strace) => _strace = strace;

    /// <summary>Why processes cannot be traced here; null when they can.</summary>
    public static async Task<string?> WhyNotAsync()
    {
        try
        {
            using var sleeping = Process.Start("sleep", "30");
            await using var failing = await AttachAsync(sleeping.Id, "EIO");
            sleeping.Kill();
            return null;
        }
        catch (Exception ex) when (ex is Win32Exception or InvalidOperationException)
        {
            return $"strace is not there or may not trace ({ex.Message.Trim()}); apt-get install strace";
        }
    }

    /// <summary>From when this is done every flush fails with an error such as <c>EIO</c>.</summary>
    public static async Task<FailingFlushes> AttachAsync(int process, string error)
    {
        string[] options = ["-f", "-p", $"{process}", "-o", "/dev/null", "-e", $"trace={Calls}", "-e", $"inject={Calls}:error={error}"];
        var strace = Process.Start(new ProcessStartInfo("strace", options) { RedirectStandardError = true })!;
        var said = await strace.StandardError.ReadLineAsync();
        if (said?.Contains("attached", StringComparison.Ordinal) != true) throw new InvalidOperationException($"strace did not attach: {said}");
        _ = strace.StandardError.ReadToEndAsync();
        return new FailingFlushes(strace);
    }

    /// <summary>Flushes work again when this is done.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_strace.HasExited && Signal(_strace.Id, SigInt) != 0) throw new InvalidOperationException("strace cannot be signalled.");
        await _strace.WaitForExitAsync();
        _strace.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
