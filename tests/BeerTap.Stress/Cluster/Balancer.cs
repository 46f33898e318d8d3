using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using BeerTap.Processes;

namespace BeerTap.Stress.Cluster;

/// <summary>nginx before the hubs, as its own process, with the configuration that docs/deploy recommends.</summary>
/// <remarks>
/// What it asks another hub for by itself: a GET whose hub cannot be reached, ends before it answers, or says 503 (it stops, or is not yet where the
/// listener stood). A POST only where nothing was sent, the connection having been refused: one that was sent may have poured a beer, and the proxy
/// does not see whether it carries a pour id. The tap is answered 502 and sends it again, which with a pour id is safe; without one, it is the tap that
/// knows whether a beer twice or none is worse. That is nginx's own rule for what is not idempotent.
/// </remarks>
internal sealed class Balancer : IAsyncDisposable
{
    private static readonly string[] Programs = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-nginx-").FullName;
    private readonly Process _process;

    private Balancer(int port, IReadOnlyList<Uri> hubs)
    {
        Address = new Uri($"http://127.0.0.1:{port}");
        var file = Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(file, Configuration(port, hubs));
        _process = Process.Start(new ProcessStartInfo(Array.Find(Programs, File.Exists)!, ["-p", _folder, "-c", file, "-e", Path.Combine(_folder, "error.log"), "-g", "daemon off;"]))!;
    }

    public static bool IsInstalled => Array.Exists(Programs, File.Exists);

    public Uri Address { get; }

    public static async Task<Balancer> StartAsync(IReadOnlyList<Uri> hubs, CancellationToken cancel)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var balancer = new Balancer(port, hubs);
        using var http = new HttpClient { BaseAddress = balancer.Address };
        await Until.IsSoAsync(() => Until.AnswersAsync(http, "/health/live", cancel), "nginx answers", TimeSpan.FromSeconds(30), cancel);
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        // With its master, the worker ends by itself: SIGTERM is what both understand.
        using (var end = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await end.WaitForExitAsync();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What the documents recommend, with these hubs, this door, and every file in this folder.</summary>
    private string Configuration(int port, IReadOnlyList<Uri> hubs)
    {
        var text = File.ReadAllText(Repository.File("docs", "deploy", "nginx.conf"));
        for (var i = 0; i < hubs.Count; i++) text = Put(text, $"hub{i + 1}:8338", hubs[i].Authority);
        text = Put(text, "listen 80;", $"listen 127.0.0.1:{port} backlog=4096;");
        text = Put(text, "access_log /var/log/nginx/beertap.log beertap;", "access_log off;");
        text = Put(text, "worker_processes auto;", $"worker_processes 1; pid {_folder}/nginx.pid; {(Environment.IsPrivilegedProcess ? "user root;" : "")}");
        string[] temporary = ["client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"];
        return Put(text, "http {", $"http {{ {string.Concat(temporary.Select(name => $"{name} {_folder}/{name}; "))}");
    }

    private static string Put(string text, string from, string to) =>
        text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidDataException($"docs/deploy/nginx.conf has no '{from}' any more.");
}
