using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace BeerTap.Bench.Peers;

/// <summary>A peer that is started by a command line and takes connections once it is ready.</summary>
internal abstract class ChildPeer : Peer
{
    private Process? _process;

    protected ChildPeer()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public override int Port { get; }

    public override int ProcessId => _process!.Id;

    protected abstract string[] Command { get; }

    /// <summary>A process that must not inherit what the bench sets for itself gets it here.</summary>
    protected virtual void Prepare(ProcessStartInfo start) { }

    public override async Task StartAsync(CancellationToken cancel)
    {
        var start = new ProcessStartInfo("taskset", ["-c", $"{Machine.ServerCore}", .. Command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        Prepare(start);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await poll.WaitForNextTickAsync(patience.Token))
        {
            if (_process.HasExited) throw new InvalidOperationException($"{Command[0]} ended with {_process.ExitCode}: {await _process.StandardError.ReadToEndAsync(cancel)}");
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync(IPAddress.Loopback, Port, patience.Token);
                break;
            }
            catch (SocketException)
            {
                // Not listening yet.
            }
        }

        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public override async ValueTask DisposeAsync()
    {
        const int SigTerm = 15;
        if (_process is null) return;
        if (!_process.HasExited) _ = Signal(_process.Id, SigTerm);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        _process = null;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
