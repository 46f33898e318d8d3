using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The hub as a process of its own, on one port and one store, that can be killed and started again.</summary>
internal sealed class HubProcess : IAsyncDisposable
{
    private readonly string[] _settings;
    private Process? _process;

    public HubProcess(params string[] settings)
    {
        _settings = settings;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
    }

    public Uri Address { get; }

    public string Folder { get; init; } = Directory.CreateTempSubdirectory("beertap-test-").FullName;

    /// <summary>A program that starts the hub and ends with it, such as strace, with its options.</summary>
    public string[] Launcher { get; init; } = [];

    /// <summary>Starts the hub and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll");
        string[] command = [.. Launcher, "dotnet"];
        _process = Process.Start(new ProcessStartInfo(command[0], [.. command[1..], program, $"--urls={Address}", $"--Storage:Path={Folder}", "--Logging:Level=Warning", .. _settings])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        using var http = new HttpClient { BaseAddress = Address };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await poll.WaitForNextTickAsync(patience.Token))
        {
            if (_process.HasExited) throw new InvalidOperationException($"The hub ended with {_process.ExitCode}: {await _process.StandardError.ReadToEndAsync(patience.Token)}");
            try
            {
                using var answer = await http.GetAsync("/health/ready", patience.Token);
                if (answer.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    /// <summary>SIGKILL: the hub gets no chance to do anything more.</summary>
    public async Task KillAsync()
    {
        if (_process is null) return;
        HubItself().Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    private Process HubItself()
    {
        if (Launcher.Length == 0) return _process!;
        var children = File.ReadAllText($"/proc/{_process!.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Process.GetProcessById(int.Parse(children[0], System.Globalization.CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
