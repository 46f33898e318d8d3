using System.Diagnostics;
using System.Globalization;

namespace BeerTap.Processes;

/// <summary>RabbitMQ brokers of their own, by <c>tests/cluster/brokers</c>; they end with this process, however it ends.</summary>
internal sealed class Brokers : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-brokers-").FullName;

    private readonly int[] _cores;
    private bool? _haveKhepri;

    private Brokers(int[] cores) => _cores = cores;

    /// <summary>Whether brokers can be cut off from each other: each then has a network of its own.</summary>
    public static bool CanBeCut => Environment.IsPrivilegedProcess && Array.Exists(["/usr/sbin/nft", "/sbin/nft"], File.Exists);

    /// <summary>Why there can be none here, or null.</summary>
    public static string? Missing => Array.Exists(["/usr/sbin/rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server"], File.Exists) ? null : "rabbitmq-server is not there (Debian: apt-get install rabbitmq-server)";

    /// <summary>Where they answer, in their order from 1.</summary>
    public Uri[] Addresses { get; private set; } = [];

    /// <summary>What a hub is given as <c>Log:ConnectionString</c>.</summary>
    public string ConnectionString => string.Join(',', Addresses.Select(address => address.OriginalString));

    /// <param name="networks">Each gets a network of its own, so that it can be cut off.</param>
    /// <param name="cores">Those that the brokers may use; none: those of this process.</param>
    public static async Task<Brokers> StartAsync(int count, bool networks = false, params int[] cores)
    {
        var brokers = new Brokers(cores);
        try
        {
            var said = await brokers.TellAsync(["start", Text(count), "--owner", Text(Environment.ProcessId), .. networks ? ["--networks"] : Array.Empty<string>()]);
            brokers.Addresses = [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => new Uri(line))];
            return brokers;
        }
        catch
        {
            Directory.Delete(brokers._folder, recursive: true);
            throw;
        }
    }

    public Task KillAsync(params int[] brokers) => TellAsync(["kill", .. brokers.Select(Text)]);

    public Task RestartAsync(params int[] brokers) => TellAsync(["restart", .. brokers.Select(Text)]);

    public Task PauseAsync(params int[] brokers) => TellAsync(["pause", .. brokers.Select(Text)]);

    public Task ResumeAsync(params int[] brokers) => TellAsync(["resume", .. brokers.Select(Text)]);

    public Task CutAsync(params int[] brokers) => TellAsync(["cut", .. brokers.Select(Text), "--clients"]);

    public Task HealAsync(params int[] brokers) => TellAsync(["heal", .. brokers.Select(Text)]);

    /// <summary>
    /// Where the brokers keep users and queues in Mnesia, waits until the one that was cut off has stopped itself and the others have noticed that it is gone: when
    /// the line is back before that, it may stay away for ever (https://github.com/rabbitmq/rabbitmq-server/issues/17319). With Khepri a cut may last as it likes.
    /// </summary>
    public async Task UntilNoticedAsync(int cut, CancellationToken cancel)
    {
        if (await HaveKhepriAsync()) return;
        for (var broker = 1; broker <= Addresses.Length; broker++)
        {
            var asks = broker == cut ? "lists:keymember(rabbit, 1, application:which_applications())." : $"lists:any(fun(N) -> lists:prefix(\"b{cut}@\", atom_to_list(N)) end, nodes()).";
            string[] words = ["ctl", Text(broker), "-q", "eval", asks];
            await Until.IsSoAsync(async () => (await RunAsync(words)).Said.Trim() == "false", $"broker {broker} notices that broker {cut} is cut off", TimeSpan.FromSeconds(60), cancel);
        }
    }

    /// <summary>
    /// Waits until every broker knows all others again and holds the stream: one that comes back takes pours only then, and until then one that fails is the
    /// second.
    /// </summary>
    public async Task UntilWholeAsync(string stream, CancellationToken cancel)
    {
        // One that had stopped itself, seeing no majority, refuses to be asked until it is up again.
        for (var broker = 1; broker <= Addresses.Length; broker++)
        {
            string[] wait = ["ctl", Text(broker), "-q", "await_online_nodes", Text(Addresses.Length), "--timeout", "10"];
            await Until.IsSoAsync(async () => (await RunAsync(wait)).Code == 0, $"broker {broker} knows all others", TimeSpan.FromSeconds(60), cancel);
        }

        await Until.IsSoAsync(
            async () => (await RunAsync(["streams", "1", "stream_status", stream])).Said.Split('\n').Count(line => line.Contains("replica", StringComparison.Ordinal)) >= Addresses.Length - 1,
            "all brokers hold the stream again",
            TimeSpan.FromSeconds(60),
            cancel);
    }

    /// <summary>Whether users and queues are kept in Khepri, as RabbitMQ 4.3 always does and 4.0 once it is told, and not in Mnesia.</summary>
    public async Task<bool> HaveKhepriAsync() =>
        _haveKhepri ??= (await TellAsync(["ctl", "1", "-q", "eval", "erlang:function_exported(rabbit_khepri, is_enabled, 0) andalso rabbit_khepri:is_enabled()."])).Trim() == "true";

    /// <summary>Of RabbitMQ.</summary>
    public async Task<string> VersionAsync() => (await TellAsync(["ctl", "1", "-q", "version"])).Trim();

    public async ValueTask DisposeAsync()
    {
        await TellAsync(["stop"]);
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<string> TellAsync(string[] words)
    {
        var (code, said, complaints) = await RunAsync(words);
        return code == 0 ? said : throw new InvalidOperationException($"tests/cluster/brokers {words[0]} ended with {code}: {complaints}");
    }

    private async Task<(int Code, string Said, string Complaints)> RunAsync(string[] words)
    {
        string[] command = [.. Pinned.To(_cores), Repository.File("tests", "cluster", "brokers"), "--folder", _folder, .. words];
        using var script = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = script.StandardError.ReadToEndAsync();
        var said = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        return (script.ExitCode, said, await complaints);
    }
}
