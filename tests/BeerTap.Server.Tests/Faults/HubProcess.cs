using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The hub as a process of its own, on one port and one store, that can be killed and started again.</summary>
internal sealed class HubProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-test-").FullName;
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

    public string Folder => _folder;

    /// <summary>Starts the hub and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, $"--urls={Address}", $"--Storage:Path={_folder}", "--Logging:Level=Warning", .. _settings])
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
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
