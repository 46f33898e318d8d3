using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace BeerTap.Processes;

/// <summary>The hub as a process of its own, on one port and one store, that can be stopped or killed and started again.</summary>
internal sealed class HubProcess : IAsyncDisposable
{
    private const int MostErrors = 10_000;

    private readonly string[] _settings;
    private readonly StringBuilder _errors = new();
    private Process? _process;
    private string? _folder;
    private Task<int> _watched = Task.FromResult(0);
    private bool _mayEnd;

    public HubProcess(params string[] settings)
    {
        _settings = settings;
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
    }

    public Uri Address { get; }

    /// <summary>Where its store is; a new folder unless it is told another. Deleted in the end.</summary>
    public string Folder
    {
        get => _folder ??= Directory.CreateTempSubdirectory("beertap-test-").FullName;
        init => _folder = value;
    }

    /// <summary>The hub that was built with this program.</summary>
    public static string ThisBuild { get; } = Path.Combine(AppContext.BaseDirectory, "BeerTap.Server.dll");

    /// <summary>Which build of the hub the next start starts.</summary>
    public string Program { get; set; } = ThisBuild;

    /// <summary>A program that starts the hub and ends with it, such as strace, with its options.</summary>
    public string[] Launcher { get; init; } = [];

    /// <summary>The cores that the hub may use; none: those of this process.</summary>
    public int[] Cores { get; init; } = [];

    /// <summary>Called with each line the hub writes to its log on the console.</summary>
    public Action<string> Said { get; init; } = _ => { };

    /// <summary>How long it may take until it is ready.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The hub's own process id.</summary>
    public int Id => HubItself().Id;

    /// <summary>The memory that the hub holds, in bytes (resident set).</summary>
    public long ResidentBytes
    {
        get
        {
            HubItself().Refresh();
            return HubItself().WorkingSet64;
        }
    }

    /// <summary>Starts the hub and waits until it is ready.</summary>
    /// <exception cref="HubEndedException">It ended instead.</exception>
    public async Task StartAsync()
    {
        string[] command = [.. Pinned.To(Cores), .. Launcher, "dotnet"];
        _process = Process.Start(new ProcessStartInfo(command[0], [.. command[1..], Program, $"--urls={Address}", $"--Storage:Path={Folder}", "--Logging:Level=Warning", .. SharedLog.SettingsFor(Folder), .. _settings])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        (_mayEnd, _errors.Length) = (true, 0);
        _process.OutputDataReceived += (_, line) => Said(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _watched = WatchAsync(_process);
        using var http = new HttpClient { BaseAddress = Address };
        using var patience = new CancellationTokenSource(Patience);
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await poll.WaitForNextTickAsync(patience.Token))
        {
            if (_process.HasExited) throw new HubEndedException(await EndAsync(), Errors);
            try
            {
                using var answer = await http.GetAsync("/health/ready", patience.Token);
                _mayEnd = !answer.IsSuccessStatusCode;
                if (!_mayEnd) return;
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
        _mayEnd = true;
        HubItself().Kill();
        await EndAsync();
    }

    /// <summary>SIGTERM: the hub is asked to stop. Gives its exit code once it has.</summary>
    public async Task<int> StopAsync()
    {
        const int SigTerm = 15;
        _mayEnd = true;
        if (Signal(HubItself().Id, SigTerm) != 0) throw new InvalidOperationException("The hub cannot be signalled.");
        return await EndAsync();
    }

    /// <summary>The hub ends by itself; gives its exit code once it has.</summary>
    public Task<int> EndedAsync() => EndAsync();

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(Folder, recursive: true);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);

    private string Errors
    {
        get { lock (_errors) return _errors.ToString(); }
    }

    private void Keep(string? line)
    {
        lock (_errors)
        {
            if (line is not null && _errors.Length < MostErrors) _errors.AppendLine(line);
        }
    }

    /// <summary>Gives the exit code. A hub that nobody asked to end has crashed; what it said then is all there is to go by.</summary>
    private async Task<int> WatchAsync(Process process)
    {
        await process.WaitForExitAsync();
        if (!_mayEnd && process.ExitCode != 0) await Console.Error.WriteLineAsync($"The hub at {Address} ended by itself with {process.ExitCode}: {Errors}");
        return process.ExitCode;
    }

    private async Task<int> EndAsync()
    {
        _mayEnd = true;
        var code = await _watched;
        _process!.Dispose();
        _process = null;
        return code;
    }

    private Process HubItself()
    {
        if (Launcher.Length == 0) return _process!;
        var children = File.ReadAllText($"/proc/{_process!.Id}/task/{_process.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Process.GetProcessById(int.Parse(children[0], CultureInfo.InvariantCulture));
    }
}
